/** Each measure against CVE-2019-5736 by itself: what if the other one were not there? */

import { execFile } from 'node:child_process';
import { closeSync, constants, ftruncateSync, openSync, readFileSync, readlinkSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { launch, open, type Program, pause, perform, syscall, words } from '../../src/index.ts';
import { launcherPath } from '../../src/launcher.ts';
import { nativeFile } from '../../src/native.ts';
import { finished, shell } from './finished.ts';

/** struct __user_cap_header_struct, version 3, and no capabilities: what somebody in a container has over us. capset(2) */
const withoutCapabilities = syscall('capset', words(0x20080522), Buffer.alloc(24));
const PR_SET_DUMPABLE = 4;
const dumpable = syscall('prctl', PR_SET_DUMPABLE, 1, 0, 0, 0);

/** Runs the action while a launcher with this program stands still. */
async function during(program: Program, action: (pid: number) => void | Promise<void>): Promise<void> {
  await using child = await launch([program, pause('look')], {
    at: { look: ({ pid }) => action(pid) },
    stdio: 'ignore',
  });
  await child.wait();
}

requires({ on: ['host', 'uml'] })('the launcher', () => {
  it('is memory, and not a file', async () => {
    await during([dumpable], (pid) =>
      expect(readlinkSync(`/proc/${pid}/exe`)).toBe('/memfd:estiba-launcher (deleted)'),
    );
  });

  it('is sealed: with a handle of it nothing can be written, while it runs or after', async () => {
    let handle = -1;
    await during([dumpable], (pid) => {
      handle = openSync(`/proc/${pid}/exe`, 'r');
      expect(refusal(() => writeTo(`/proc/${pid}/exe`))).toMatch(/^(ETXTBSY|EPERM)$/);
    });
    try {
      expect(refusal(() => writeTo(`/proc/self/fd/${handle}`))).toBe('EPERM');
      expect(refusal(() => writeTo(launcherPath()))).toBe('EPERM');
      expect(refusal(() => truncate(launcherPath()))).toBe('EPERM');
      expect(readFileSync(handle).equals(readFileSync(nativeFile('launcher')))).toBe(true);
    } finally {
      closeSync(handle);
    }
  });

  it('has seals that cannot be taken off', () => {
    const [F_ADD_SEALS, F_GET_SEALS] = [1033, 1034];
    const fd = Number(launcherPath().replace('/proc/self/fd/', ''));
    const seals = syscall('fcntl', fd, F_GET_SEALS);
    expect(perform([seals]).of(seals)).toBe(0xf);
    expect(refusal(() => perform([syscall('fcntl', fd, F_ADD_SEALS, 0)]))).toBe('EPERM');
  });

  it('is hidden: a process that is nothing more than it gets no handle', async () => {
    // By calls and not by a command: root that executes one gets its capabilities back.
    const attack = (pid: number) =>
      finished([withoutCapabilities, open(`/proc/${pid}/exe`, ['rdonly'])], { stdio: 'ignore' });
    await during([withoutCapabilities], async (pid) => {
      await expect(attack(pid)).rejects.toMatchObject({ code: 'EACCES', path: `/proc/${pid}/exe` });
    });
    // The same attack on a launcher that is not hidden shows that nothing else stopped it.
    await during([withoutCapabilities, dumpable], async (pid) => {
      expect((await attack(pid)).status).toEqual({ exitCode: 0, signal: null });
    });
  });

  it('does nothing when it is executed by somebody else', async () => {
    const copy = launcherPath();
    for (const args of ['', '0', '99', 'x', '-1', '4294967296', '00000000000000000000000001']) {
      const { status, stdout } = await finished(
        shell(`exec /proc/${process.pid}/fd/${copy.split('/').pop()} ${args} < /dev/zero`),
      );
      expect({ status, stdout }, args).toEqual({ status: { exitCode: 125, signal: null }, stdout: '' });
    }
  });
});

// vm.memfd_noexec, Linux 6.3; nobody but root may set it.
requires({ on: ['host'], root: true, path: '/proc/sys/vm/memfd_noexec' })(
  'the launcher where no memory may be executed',
  () => {
    it('is the file of this package', async () => {
      // The setting is that of a pid namespace.
      const script = 'echo 2 > /proc/sys/vm/memfd_noexec && exec "$@"';
      const fixture = fileURLToPath(new URL('./fixtures/launcher-file.ts', import.meta.url));
      const node = [process.execPath, '--conditions=estiba-source', fixture];
      const { stdout } = await promisify(execFile)(
        'unshare',
        ['--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', script, 'sh', ...node],
        { timeout: 15_000 },
      );
      expect(stdout).toBe(`${nativeFile('launcher')}\nit works\n`);
    });
  },
);

function writeTo(path: string): void {
  const fd = openSync(path, constants.O_RDWR);
  try {
    writeSync(fd, 'PWNED', 0);
  } finally {
    closeSync(fd);
  }
}

function truncate(path: string): void {
  const fd = openSync(path, constants.O_RDWR);
  try {
    ftruncateSync(fd, 0);
  } finally {
    closeSync(fd);
  }
}

function refusal(action: () => unknown): string {
  try {
    action();
    return 'nothing was refused';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
