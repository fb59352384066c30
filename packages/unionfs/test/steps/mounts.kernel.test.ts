import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { guard, requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { bind, devices, mountOverlay, overlay, pivotRoot, symlink, tmpfs } from '../../src/index.ts';
import { mounting, overlayOptions, shell } from '../mounting.ts';
import { scratchOfLayers } from '../scratch-of-layers.ts';

guard();

requires({ on: ['host', 'uml'], root: true, overlay: true })('a mounted overlay', () => {
  it('lets what is written land in upper, and is gone when its scope ends', async () => {
    using folder = scratchOfLayers('mounts');
    mkdirSync(folder.join('lower'));
    writeFileSync(folder.join('lower/file'), 'below');
    {
      await using merged = await mountOverlay({
        lower: [folder.join('lower')],
        upper: folder.join('changes'),
        work: folder.join('work'),
        target: folder.join('merged'),
      });
      expect(merged.path).toBe(folder.join('merged'));
      writeFileSync(`${merged.path}/file`, 'above');
    }
    expect(readFileSync(folder.join('lower/file'), 'utf8')).toBe('below');
    expect(readFileSync(folder.join('changes/file'), 'utf8')).toBe('above');
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(folder.path);
  });

  it('of one directory alone is that directory, read-only', async () => {
    using folder = scratchOfLayers('mounts');
    mkdirSync(folder.join('lower'));
    writeFileSync(folder.join('lower/file'), 'below');
    await using merged = await mountOverlay({ lower: [folder.join('lower')], target: folder.join('merged') });
    expect(readFileSync(`${merged.path}/file`, 'utf8')).toBe('below');
    expect(() => writeFileSync(`${merged.path}/file`, '')).toThrow('EROFS');
  });

  it('can be unmounted twice', async () => {
    using folder = scratchOfLayers('mounts');
    const merged = await mountOverlay({ lower: ['/usr/share'], target: folder.join('merged') });
    await merged.unmount();
    await merged.unmount();
  });

  it('that the kernel refuses shows what the kernel says', async () => {
    using folder = scratchOfLayers('mounts');
    await expect(mountOverlay({ lower: ['/nonexistent', '/usr'], target: folder.join('m') })).rejects.toMatchObject({
      name: 'SyscallError',
      code: 'ENOENT',
      kernel: expect.stringContaining("failed to resolve '/nonexistent'"),
    });
    const bogus = mountOverlay({ lower: ['/usr', '/etc'], target: folder.join('m'), options: ['bogus=1'] });
    // In the log of the mount; before Linux 6.5 in that of the kernel.
    await expect(bogus).rejects.toThrow(
      /the kernel says: .*(overlay: Unknown parameter 'bogus'|overlayfs: unrecognized mount option "bogus=1")/,
    );
  });
});

requires({ on: ['host', 'uml'], ...mounting })('in a launched process', () => {
  it('a tmpfs has its size, mode and attributes', async () => {
    using folder = scratchOfLayers('mounts');
    const text = await shell(
      tmpfs(folder.path, { size: '64k', mode: 0o750 }),
      `grep ' ${folder.path} ' /proc/self/mounts`,
    );
    expect(text).toMatch(/^tmpfs \S+ tmpfs rw,nosuid,nodev,\S*size=64k,mode=750/);
  });

  it('a read-only bind cannot be written to, nor can mounts below it', async () => {
    using folder = scratchOfLayers('mounts');
    mkdirSync(folder.join('source/inner'), { recursive: true });
    mkdirSync(folder.join('target'));
    const program = [
      tmpfs(folder.join('source/inner')),
      bind(folder.join('source'), folder.join('target'), { readonly: true, recursive: true }),
    ];
    const text = await shell(
      program,
      `cd ${folder.path}; touch source/x source/inner/x; (touch target/y || touch target/inner/y || ls target) 2>&1`,
    );
    expect(text.match(/Read-only file system/g)).toHaveLength(2);
    expect(text).toContain('inner\nx');
  });

  it('devices that are bound are those that programs expect', () => expectDevices(true));

  it('an overlay takes what is written into its upper directory', async () => {
    using folder = scratchOfLayers('mounts');
    for (const name of ['lower', 'upper', 'work']) mkdirSync(folder.join(name));
    writeFileSync(folder.join('lower/file'), 'below');
    const [lower, upper, work, target] = ['lower', 'upper', 'work', 'merged'].map((name) => folder.join(name)) as [
      string,
      string,
      string,
      string,
    ];
    const merged = overlay({ lower: [lower], upper, work, target, options: overlayOptions });
    expect(await shell(merged, `cd ${target}; cat file; echo above > file; cat file`)).toBe('belowabove\n');
    expect(readFileSync(folder.join('lower/file'), 'utf8')).toBe('below');
    expect(readFileSync(folder.join('upper/file'), 'utf8')).toBe('above\n');
  });

  it('mount points that are missing are made, of the kind of what is bound', async () => {
    using folder = scratchOfLayers('mounts');
    mkdirSync(folder.join('source'));
    const [file, directory, memory] = [folder.join('a/b/file'), folder.join('c/d'), folder.join('e/f')];
    const program = [bind('/etc/hostname', file), bind(folder.join('source'), directory), tmpfs(memory)];
    expect(await shell(program, `stat -c %F ${file} ${directory} ${memory}`)).toBe(
      'regular file\ndirectory\ndirectory\n',
    );
  });

  it('the root is the overlay, and the old one is gone', async () => {
    using folder = scratchOfLayers('mounts');
    for (const path of ['base/usr', 'base/proc', 'root', 'upper', 'work'])
      mkdirSync(folder.join(path), { recursive: true });
    for (const name of ['bin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, folder.join('base', name));
    const [root, upper, work] = [folder.join('root'), folder.join('upper'), folder.join('work')];
    const text = await shell(
      [
        // Of the machine's root as a whole only root may make an overlay: mounts on it would show what they hide.
        overlay({ lower: [folder.join('base')], upper, work, target: root, options: overlayOptions }),
        bind('/usr', `${root}/usr`, { readonly: true }),
        symlink('here', `${root}/estiba-link`),
        pivotRoot(root, { readonly: true }),
      ],
      'pwd; readlink /estiba-link; (touch /estiba-file 2>&1 || true); ls /proc | wc -l',
    );
    expect(text).toMatch(/^\/\nhere\n.*Read-only file system\n0\n$/);
  });
});

requires({ on: ['host', 'uml'], root: true, overlay: true })('in a launched process of root', () => {
  it('devices that are made are those that programs expect', () => expectDevices(false));
});

async function expectDevices(bound: boolean): Promise<void> {
  using folder = scratchOfLayers('mounts');
  const text = await shell(
    devices(folder.path, { bind: bound }),
    `cd ${folder.path}; stat -c '%n %F %a %t:%T' *; readlink fd stdin ptmx; echo x > null; head -c 3 zero | wc -c; (head -c 1 zero > full) 2>&1 || true`,
  );
  for (const line of ['null', 'zero', 'full', 'random', 'urandom', 'tty']) {
    expect(text).toMatch(new RegExp(`^${line} character special file 666 `, 'm'));
  }
  expect(text).toContain('null character special file 666 1:3');
  expect(text).toContain('/proc/self/fd\n/proc/self/fd/0\npts/ptmx\n3\n');
  expect(text).toContain('No space left on device');
}
