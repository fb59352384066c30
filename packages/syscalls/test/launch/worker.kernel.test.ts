import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { requires } from '@estiba/testkit';
import { expect, it } from 'vitest';

const fixture = fileURLToPath(new URL('./fixtures/worker-main.ts', import.meta.url));

async function linesOf(...args: string[]): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=estiba-source', fixture, ...args], {
    timeout: 20_000,
  });
  return stdout.trim().split('\n');
}

requires({ on: ['host', 'uml'] })('a worker thread', () => {
  it('performs and launches, once the main thread is prepared', async () => {
    expect(await linesOf('preload')).toEqual([
      'on a thread',
      'from a worker: {"exitCode":3,"signal":null}',
      'worker ended: 0',
    ]);
  });

  it('is told what to do when it is not', async () => {
    expect(await linesOf()).toEqual([
      'error: cannot load ffi-rs first in a worker thread: call preload() of @estiba/syscalls on the main thread before',
      'worker ended: 1',
    ]);
  });
});
