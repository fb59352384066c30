// Named in vitest.config.ts as the set-up file of all kernel tests, so that none can forget to look at what it leaves.
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { preload } from '../packages/syscalls/src/index.ts';
import { guard, isRequired, sweep } from '../packages/testkit/src/index.ts';
import { endRestingThreads } from '../packages/unionfs/src/layer/codec-threads.ts';

// What runs before this one have left when they were killed must not be taken for ours.
sweep();

// What is opened once and kept for the life of the process is no leftover.
beforeAll(() => {
  if (process.platform === 'linux') preload();
});

beforeEach(({ task }) => {
  let group = task.suite;
  while (group?.suite !== undefined) group = group.suite;
  if (group === undefined || !isRequired(group.name))
    throw new Error('a kernel test is in a group made by requires(), which says where it runs and what it needs');
});

guard();

// They stay for the next layer, longer than the guard waits; this hook, the later one, is run before its own.
afterAll(endRestingThreads);
