import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { repositoryRoot, requires } from '../src/index.ts';
import { othersAreRunning } from '../src/other-runs.ts';

const idle = 'setTimeout(() => {}, 60_000)';

// What .ci/run promises must not decide these.
beforeEach(() => {
  vi.stubEnv('ESTIBA_ALONE', '');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

requires({ on: ['host', 'uml'] })('another run', () => {
  it('is none of the children of this one', async () => {
    const before = othersAreRunning();
    const child = spawn(process.execPath, ['-e', idle], { cwd: repositoryRoot, stdio: 'ignore' });
    await new Promise((resolve) => child.once('spawn', resolve));
    expect(othersAreRunning()).toBe(before);
    await end(child);
  });

  it('is a Node at work in the project that nobody of ours has started', async () => {
    // The shell ends at once, so that its child becomes the machine's.
    const script = 'setsid "$1" -e "$2" >/dev/null 2>&1 & echo $!';
    const { stdout } = spawnSync('sh', ['-c', script, 'sh', process.execPath, idle], {
      cwd: repositoryRoot,
      encoding: 'utf8',
    });
    const pid = Number(stdout);
    expect(pid).toBeGreaterThan(1);
    try {
      await vi.waitFor(() => expect(othersAreRunning()).toBe(true), { timeout: 5_000 });
      vi.stubEnv('ESTIBA_ALONE', '1');
      expect(othersAreRunning()).toBe(false);
    } finally {
      process.kill(pid, 'SIGKILL');
    }
  });
});

async function end(child: ChildProcess): Promise<void> {
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.kill('SIGKILL');
  await closed;
}
