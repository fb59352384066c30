import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { scratch } from '../packages/testkit/src/index.ts';
import { root } from './project-files.ts';

const { checkMachine } = await import(join(root, 'scripts/machine.mjs'));

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

it('a machine without a C compiler is told so, with the remedy', async () => {
  await using empty = scratch('empty');
  vi.stubEnv('PATH', empty.path);
  expect(checkMachine(['compiler'])).toEqual([expect.stringMatching(/^no C compiler 'cc': .*apt-get install gcc/)]);
});

it('an ordinary user is told what needs root', () => {
  vi.spyOn(process, 'geteuid').mockReturnValue(1000);
  expect(checkMachine(['root'])).toEqual([expect.stringMatching(/^this needs root, .* with sudo$/)]);
});

it('another operating system is named, and nothing else of it is asked', () => {
  vi.spyOn(process, 'platform', 'get').mockReturnValue('darwin');
  expect(checkMachine(['compiler', 'root', 'overlay', 'cgroups'])).toEqual([
    'this is darwin: containers need Linux, a virtual machine will do',
  ]);
});
