// Named in vitest.config.ts as the set-up file of all kernel tests, so that none can forget to look at what it leaves.
import { beforeAll } from 'vitest';
import { preload } from '../packages/syscalls/src/index.ts';
import { guard } from '../packages/testkit/src/index.ts';

// What is opened once and kept for the life of the process is no leftover.
beforeAll(() => {
  if (process.platform === 'linux') preload();
});
guard();
