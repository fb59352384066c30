import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fscreate, fsmount, fsopen, mount, moveMount, perform, umount } from '@estiba/syscalls';
import { leftovers, requires, scratch } from '@estiba/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { RunOptions } from '../src/index.ts';
import { output } from './output.ts';
import { roots } from './rootfs.ts';
import { asRoot, type Way, ways } from './ways.ts';

for (const way of ways) {
  requires({ on: ['host', 'uml'], overlay: true, ...way.needs })(`what cannot run in a container ${way.of}`, () =>
    refusals(way),
  );
}

function refusals(way: Way): void {
  const { run } = way;
  const machineRoot = roots(way);

  nothingIsLeft();

  it('a command that is not there is named, with the path that was searched', async () => {
    await using rootfs = machineRoot();
    await expect(run(['no-such-command'], { rootfs })).rejects.toMatchObject({
      name: 'SyscallError',
      code: 'ENOENT',
      message: expect.stringMatching(/"no-such-command": executable file not found in \$PATH \(.*\/usr\/bin/),
    });
  });

  it('a command that is not executable says so', async () => {
    await using rootfs = machineRoot();
    await expect(run(['/etc/passwd'], { rootfs })).rejects.toMatchObject({
      code: 'EACCES',
      syscall: 'execve',
      path: '/etc/passwd',
      remedy: expect.stringContaining('not executable'),
    });
  });

  it('a user that is not there is named', async () => {
    await using rootfs = machineRoot();
    await expect(run(['true'], { rootfs, user: 'nobody-of-that-name' })).rejects.toMatchObject({
      code: 'USER_UNKNOWN',
      message: expect.stringContaining('nobody-of-that-name'),
    });
  });

  it('a root file system that is not there is named', async () => {
    await expect(run(['true'], { rootfs: '/no/such/directory' })).rejects.toMatchObject({
      code: 'ENOENT',
      path: '/no/such/directory',
    });
  });

  it('a limit that is none is refused before anything runs', async () => {
    await using rootfs = machineRoot();
    await expect(run(['true'], { rootfs, limits: { pids: { max: -3 } } })).rejects.toMatchObject({
      code: 'LIMIT_INVALID',
    });
  });

  it('a container without a mount namespace is refused', async () => {
    await using rootfs = machineRoot();
    await expect(run(['true'], { rootfs, namespaces: ['pid'] })).rejects.toMatchObject({ code: 'OPTIONS_INVALID' });
  });

  it('options that contradict each other are refused', async () => {
    const refused = (options: Partial<RunOptions>) =>
      expect(run(['true'], { rootfs: '/', ...options })).rejects.toMatchObject({ code: 'OPTIONS_INVALID' });
    await refused({ hostname: 'box', namespaces: ['mount', 'pid'] });
    await refused({ idMaps: { uid: [], gid: [] }, namespaces: ['mount', 'pid'] });
    await refused({ namespaces: ['mount', 'nett' as 'network'] });
  });

  for (const name of ['proc', 'dev', 'sys']) {
    it(`an image whose /${name} is a link out is refused, and nothing is mounted there`, async () => {
      await using rootfs = machineRoot();
      await using folder = scratch();
      mkdirSync(folder.join('elsewhere'));
      symlinkSync(folder.join('elsewhere'), join(rootfs.upper, name));
      await expect(run(['true'], { rootfs })).rejects.toMatchObject({
        code: 'ELOOP',
        step: expect.stringContaining(`/${name}`),
      });
      expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(folder.path);
    });
  }

  it('an image whose /etc/passwd is a link is read inside, never outside', async () => {
    await using folder = scratch();
    writeFileSync(folder.join('passwd'), 'mallory:x:0:0::/:/bin/sh\n');
    await using rootfs = machineRoot((layer) => {
      mkdirSync(join(layer, 'etc'));
      symlinkSync(folder.join('passwd'), join(layer, 'etc/passwd'));
    });
    // The folder is part of this machine, so the link leads to the same file inside; a root without it has no such user.
    const alone = { lower: [rootfs.lower[0]] };
    await expect(
      run(['true'], { rootfs: { ...alone, lower: [...alone.lower, folder.path] }, user: 'mallory' }),
    ).rejects.toMatchObject({ code: 'USER_UNKNOWN' });
  });

  it('an image whose /etc/hosts is a link out does not have the target mounted over or created', async () => {
    await using folder = scratch();
    await using rootfs = machineRoot((layer) => {
      mkdirSync(join(layer, 'etc'));
      symlinkSync(folder.join('created'), join(layer, 'etc/hosts'));
    });
    const { exitCode } = await output(run(['true'], { rootfs }));
    expect(exitCode).toBe(0);
    expect(() => readFileSync(folder.join('created'))).toThrow(/ENOENT/);
  });
}

requires({ on: ['host', 'uml'], overlay: true, ...asRoot.needs })('what root cannot run', () => {
  const machineRoot = roots(asRoot);
  nothingIsLeft();

  it("an overlay that cannot be mounted gives the kernel's own words", async () => {
    await using root = machineRoot();
    const missing = join(root.upper, 'missing');
    const error = await asRoot.run(['true'], { rootfs: { ...root, lower: [missing, '/'] } }).catch((caught) => caught);
    expect(error).toMatchObject({ name: 'SyscallError', syscall: 'fsconfig' });
    expect(error.message).toContain(missing);
    expect(error.kernel).toMatch(/overlayfs: failed to resolve/);
  });

  it('a root file system on a shared mount does not carry our mounts to the host', async () => {
    await using folder = scratch();
    const context = fsopen('tmpfs');
    const tree = fsmount(context);
    const share = mount({ target: folder.path, flags: ['shared'] });
    perform([context, fscreate(context), tree, moveMount(tree, folder.path), share]);
    try {
      const before = readFileSync('/proc/self/mountinfo', 'utf8');
      // There is no command to run: by then everything has been mounted.
      await expect(asRoot.run(['/bin/true'], { rootfs: folder.path })).rejects.toMatchObject({
        code: 'ENOENT',
        syscall: 'execve',
      });
      expect(readFileSync('/proc/self/mountinfo', 'utf8')).toBe(before);
    } finally {
      perform([umount(folder.path, ['detach'])]);
    }
  });
});

function nothingIsLeft(): void {
  let left: () => Promise<string[]>;
  beforeEach(() => {
    left = leftovers();
  });
  afterEach(async () => {
    expect(await left()).toEqual([]);
  });
}
