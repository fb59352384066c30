import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AT_FDCWD, openFlags, perform, syscall } from '@estiba/syscalls';
import { requires, scratch } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { planContainer } from '../src/index.ts';
import { output } from './output.ts';
import { roots } from './rootfs.ts';
import { asRoot, inUserNamespace, type Way, ways } from './ways.ts';

/** A descriptor of this machine's root that a library forgot to mark close-on-exec. */
function forgotten(): Disposable & { path: string } {
  const open = syscall('openat', AT_FDCWD, '/', openFlags.path | openFlags.directory, 0);
  const fd = perform([open], { keep: [open] }).of(open);
  return { path: `/proc/self/fd/${fd}`, [Symbol.dispose]: () => closeSync(fd) };
}

for (const way of ways) {
  requires({ on: ['host', 'uml'], overlay: true, ...way.needs })(`the way out of a container ${way.of}`, () =>
    wayOut(way),
  );
}

function wayOut(way: Way): void {
  const { run, sh } = way;
  const machineRoot = roots(way);

  it('is not a working directory that leads to a descriptor of ours', async () => {
    await using rootfs = machineRoot();
    await using folder = scratch();
    using fd = forgotten();
    await expect(run(['true'], { rootfs, cwd: fd.path })).rejects.toMatchObject({ step: `change to ${fd.path}` });
    const made = folder.join('made');
    await expect(run(['true'], { rootfs, cwd: fd.path + made })).rejects.toThrow();
    expect(() => statSync(made)).toThrow(/ENOENT/);
  });

  it('is not a working directory of the own process, as /proc/self/cwd is one', async () => {
    await using rootfs = machineRoot();
    await expect(run(['true'], { rootfs, cwd: '/proc/self/cwd' })).rejects.toMatchObject({ code: 'ELOOP' });
  });

  it('is not a command that leads through a descriptor of ours', async () => {
    await using rootfs = machineRoot();
    using fd = forgotten();
    await expect(run([`${fd.path}/bin/true`], { rootfs })).rejects.toMatchObject({ code: 'ENOENT', syscall: 'execve' });
  });

  it('is not up: above its root there is nothing, and below it nothing either', async () => {
    await using rootfs = machineRoot((layer) => writeFileSync(join(layer, 'mark'), ''));
    const mounts = 'awk \'$5 == "/"\' /proc/self/mountinfo | wc -l';
    const { stdout } = await sh(`stat -c %d:%i / /..; ls /mark /../mark; ${mounts}`, { rootfs });
    const [root, above, ...rest] = stdout.trim().split('\n');
    expect(above).toBe(root);
    expect(rest).toEqual(['/../mark', '/mark', '1']);
  });

  it('a read-only root is so with all that is mounted below it', async () => {
    const { stdout } = await sh('cut -d" " -f5,6 /proc/self/mountinfo | grep -v " ro" | cut -d" " -f1', {
      rootfs: '/',
      readonly: true,
    });
    const writable = stdout.trim().split('\n');
    expect(writable).toContain('/dev/shm');
    expect(writable.filter((path) => path !== '/proc' && !/^\/dev(\/|$)/.test(path))).toEqual([]);
  });
}

requires({ on: ['host', 'uml'], overlay: true, ...asRoot.needs })('the way out that devices would be', () => {
  const { run, sh } = asRoot;
  const machineRoot = roots(asRoot);

  it('is not a device that it makes, or that the image brings', async () => {
    await using rootfs = machineRoot((layer) => execFileSync('mknod', [join(layer, 'brought'), 'c', '1', '5']));
    const places = ['/made', '/dev/made', '/dev/shm/made'];
    const make = places.map((path) => `mknod ${path} c 1 5`).join('; ');
    const read = ['/brought', ...places].map((path) => `head -c 1 ${path} >/dev/null 2>&1 && echo ${path}`).join('; ');
    // /dev/zero itself shows that reading would work.
    expect((await sh(`${make}; ${read}; head -c 1 /dev/zero | wc -c`, { rootfs })).stdout).toBe('1\n');
  });

  it("is not the host's null device: its own is what it gets for stdio that is ignored", async () => {
    await using rootfs = machineRoot();
    const stdio = ['ignore', 'pipe', 'ignore'] as const;
    const { stdout } = await sh('for n in 0 2; do stat -L -c "%d:%i %t:%T" /proc/self/fd/$n; done', { rootfs, stdio });
    const [stdin, stderr] = stdout.trim().split('\n');
    const { dev, ino } = statSync('/dev/null');
    expect(stdin).toMatch(/ 1:3$/);
    expect(stderr).toBe(stdin);
    expect(stdin).not.toBe(`${dev}:${ino} 1:3`);
  });

  it('a user database that is a device is not opened', async () => {
    // Nobody drives this one: opening it fails with ENXIO.
    await using rootfs = machineRoot((layer) => {
      mkdirSync(join(layer, 'etc'));
      execFileSync('mknod', [join(layer, 'etc/passwd'), 'c', '250', '250']);
    });
    expect((await output(run(['true'], { rootfs }))).exitCode).toBe(0);
  });
});

requires({ on: ['host', 'uml'], ...inUserNamespace.needs })('the way out of a user namespace', () => {
  const { sh } = inUserNamespace;
  const namespaces = inUserNamespace.namespaces.filter((kind) => kind !== 'network');

  it('is not /sys: without a network of its own it gets that of the host, all of it read-only', async () => {
    const { stdout } = await sh('cut -d" " -f5,6 /proc/self/mountinfo | grep "^/sys"', {
      rootfs: '/',
      readonly: false,
      namespaces,
    });
    // What was mounted first is covered by what was mounted last.
    const mounts = new Map(stdout.split('\n').map((line) => line.split(' ') as [string, string]));
    expect(mounts.get('/sys')).toMatch(/^ro,/);
    expect([...mounts].filter(([path, flags]) => path !== '' && !/^ro,nosuid,nodev,noexec/.test(flags))).toEqual([]);
  });

  it("is not the host's devices: their modes cannot be changed", async () => {
    const { mtimeMs } = statSync('/dev/full');
    const { stderr } = await sh('touch -c -d @1 /dev/full', { rootfs: '/', namespaces });
    expect(stderr).toMatch(/Read-only file system/);
    expect(statSync('/dev/full').mtimeMs).toBe(mtimeMs);
  });

  it('a user is looked up in the topmost layer that knows users', async () => {
    await using folder = scratch();
    const layers = ['upper', 'work', 'top', 'base'].map((name) => folder.join(name));
    for (const layer of layers) mkdirSync(join(layer, 'etc'), { recursive: true });
    const [upper, work, top, base] = layers as [string, string, string, string];
    writeFileSync(join(base, 'etc/passwd'), 'root:x:0:0::/root:\n');
    writeFileSync(join(top, 'etc/passwd'), 'root:x:0:0::/root:\napp:x:7:8::/app:\n');
    const rootfs = { lower: [top, base], upper, work };
    using plan = await planContainer(['true'], { rootfs, user: 'app', namespaces });
    expect(plan.user).toMatchObject({ uid: 7, gid: 8, home: '/app' });
  });
});
