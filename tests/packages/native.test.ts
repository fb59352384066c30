import { chmodSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { guard, requires, scratch, unprivileged } from '../../packages/testkit/src/index.ts';
import { execute, type Outcome } from './execute.ts';

const { nodes, projects } = inject('places');
const [project = ''] = Object.values(projects);
const node = Object.values(nodes).at(-1) ?? '';

guard();

describe.each(Object.entries(projects))('installed by %s', (_, project) => {
  const native = nativeOf(project);

  it('the interpreter for this machine is executable', () => {
    for (const file of ['launcher', 'interpreter.so'])
      expect(statSync(join(native, `linux-${process.arch}`, file)).mode & 0o777).toBe(0o755);
  });

  requires({ command: 'aarch64-linux-gnu-gcc' })('where it can be compiled for arm64', () => {
    // e_machine. elf(5)
    it.each(Object.entries({ x64: 62, arm64: 183 }))('the interpreter for %s comes along', (arch, machine) => {
      for (const file of ['launcher', 'interpreter.so']) {
        const path = join(native, `linux-${arch}`, file);
        expect(statSync(path).mode & 0o777).toBe(0o755);
        expect(readFileSync(path).readUInt16LE(18)).toBe(machine);
      }
    });
  });

  describe.each(['644', '444'])('though the installer gave all its files mode %s', (mode) => {
    changed(native, Number.parseInt(mode, 8));

    it('a program is launched', async () => {
      expect(await execute(node, ['syscalls.ts'], { cwd: project })).toEqual(launched);
    });

    it('a program is launched by an ordinary user', async () => {
      const { exitCode, stdout, stderr } = await unprivileged(['node', 'syscalls.ts'], { folder: project });
      expect({ status: exitCode, stdout, stderr }).toEqual(launched);
    });
  });
});

requires({ root: true, path: '/proc/sys/vm/memfd_noexec' })('where memory may not be executed', () => {
  // The setting is one of the pid namespace; it cannot be taken back there. https://docs.kernel.org/userspace-api/mfd_noexec.html
  const forbid = 'echo 2 >/proc/sys/vm/memfd_noexec && cd "$1" && exec "$2" syscalls.ts';
  const run = () =>
    execute('unshare', ['--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', forbid, 'sh', project, node]);

  it('the launcher is executed as a file', async () => {
    expect(await run()).toEqual(launched);
  });

  describe('and the installer made no file executable', () => {
    changed(nativeOf(project), 0o644);

    it('the launcher is named, with the remedy', async () => {
      const { status, stderr } = await run();
      expect(stderr).toMatch(
        /start the launcher: posix_spawn\("\/[^"]+\/launcher"\): EACCES, permission denied; .*chmod \+x/,
      );
      expect(status).toBe(1);
    });
  });
});

requires({ root: true })('on a file system mounted noexec', () => {
  it('no shared object can be loaded, not even an addon of Node, and the error says so', async () => {
    const outcome = await onNoexec(project, '');
    expect(outcome.stderr).toMatch(
      /cannot load ffi-rs: .*\.node: .*; on a file system mounted noexec .* remount it exec/,
    );
    expect(outcome.status).toBe(1);
  });

  it('the same is said of the interpreter', async () => {
    const outcome = await onNoexec(project, 'node_modules/@estiba/syscalls/native');
    expect(outcome.stderr).toMatch(
      /cannot load the interpreter: .*interpreter\.so: .*; on a file system mounted noexec/,
    );
    expect(outcome.status).toBe(1);
  });

  it('programs are still made and explained', async () => {
    const { stdout } = await onNoexec(project, '');
    expect(stdout).toMatch(/^execve\("\/bin\/sh", /);
  });
});

it('an installation without optional dependencies is told what it lacks', async () => {
  const addon = join(project, 'node_modules/@yuuang');
  renameSync(addon, `${addon}-gone`);
  try {
    const { stderr } = await execute(node, ['syscalls.ts'], { cwd: project });
    expect(stderr).toMatch(/cannot load ffi-rs: Cannot find module '@yuuang\/[^']+'; .* without --omit=optional/);
  } finally {
    renameSync(`${addon}-gone`, addon);
  }
});

const launched: Outcome = {
  stdout: expect.stringMatching(/^execve\(.*\nlaunched\n\{"exitCode":3,"signal":null\}\n$/),
  stderr: '',
  status: 0,
};

function nativeOf(project: string): string {
  return join(project, 'node_modules/@estiba/syscalls/native');
}

/** In the tests that follow the files have this mode. */
function changed(native: string, mode: number): void {
  const before = new Map<string, number>();
  beforeAll(() => {
    const paths = readdirSync(native, { recursive: true, encoding: 'utf8' }).map((path) => join(native, path));
    for (const path of paths.filter((path) => statSync(path).isFile())) {
      before.set(path, statSync(path).mode);
      chmodSync(path, mode);
    }
  });
  afterAll(() => {
    for (const [path, mode] of before) chmodSync(path, mode);
  });
}

/** Runs there what the project runs, with this part of it on a file system that nothing may be executed from. */
async function onNoexec(project: string, part: string): Promise<Outcome> {
  await using place = scratch('noexec');
  const script = `mount -t tmpfs -o noexec tmpfs "$2" && cp -a "$1/." "$2" && mount --bind "$2" "$1" && cd "$3" && exec "$4" syscalls.ts`;
  const args = ['sh', '-c', script, 'sh', join(project, part), place.path, project, node];
  return await execute('unshare', ['--mount', ...args]);
}
