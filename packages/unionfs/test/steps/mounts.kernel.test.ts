import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { execve, launch, mount, type Program } from '@estiba/syscalls';
import { guard, requires, scratch } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { bind, devices, mountOverlay, overlay, pivotRoot, symlink, tmpfs } from '../../src/index.ts';

guard();

/** What a shell prints, run after a program in a mount namespace of its own. */
async function shell(program: Program, script: string): Promise<string> {
  const child = await launch(
    [
      mount({ target: '/', flags: ['private', 'rec'] }),
      program,
      execve('/bin/sh', ['sh', '-ec', script], { PATH: '/usr/bin:/bin' }),
    ],
    { clone: ['mount'], stdio: 'pipe', signal: AbortSignal.timeout(10_000) },
  );
  await using _ = child;
  let text = '';
  for await (const part of child.stdout as NodeJS.ReadableStream) text += part;
  for await (const part of child.stderr as NodeJS.ReadableStream) text += part;
  expect(await child.wait()).toMatchObject({ exitCode: 0 });
  return text;
}

requires({ root: true, overlay: true })('a mounted overlay', () => {
  it('lets what is written land in upper, and is gone when its scope ends', async () => {
    using folder = scratch('mounts');
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
    using folder = scratch('mounts');
    mkdirSync(folder.join('lower'));
    writeFileSync(folder.join('lower/file'), 'below');
    await using merged = await mountOverlay({ lower: [folder.join('lower')], target: folder.join('merged') });
    expect(readFileSync(`${merged.path}/file`, 'utf8')).toBe('below');
    expect(() => writeFileSync(`${merged.path}/file`, '')).toThrow('EROFS');
  });

  it('can be unmounted twice', async () => {
    using folder = scratch('mounts');
    const merged = await mountOverlay({ lower: ['/usr/share'], target: folder.join('merged') });
    await merged.unmount();
    await merged.unmount();
  });

  it('that the kernel refuses shows what the kernel says', async () => {
    using folder = scratch('mounts');
    await expect(mountOverlay({ lower: ['/nonexistent', '/usr'], target: folder.join('m') })).rejects.toMatchObject({
      name: 'SyscallError',
      code: 'ENOENT',
      kernel: expect.stringContaining("failed to resolve '/nonexistent'"),
    });
    const bogus = mountOverlay({ lower: ['/usr', '/etc'], target: folder.join('m'), options: ['bogus=1'] });
    await expect(bogus).rejects.toThrow("the kernel says: overlay: Unknown parameter 'bogus'");
  });

  it('takes as many as 100 layers with long paths', async () => {
    using folder = scratch('mounts');
    const lower = Array.from({ length: 100 }, (_, at) => folder.join(`${'l'.repeat(150)}${at}`));
    for (const [at, path] of lower.entries()) {
      mkdirSync(path);
      writeFileSync(`${path}/file`, String(at));
    }
    await using merged = await mountOverlay({ lower, target: folder.join('merged') });
    expect(readFileSync(`${merged.path}/file`, 'utf8')).toBe('0');
  });
});

requires({ root: true, overlay: true })('in a launched process', () => {
  it('a tmpfs has its size, mode and attributes', async () => {
    using folder = scratch('mounts');
    const text = await shell(
      tmpfs(folder.path, { size: '64k', mode: 0o750 }),
      `grep ' ${folder.path} ' /proc/self/mounts`,
    );
    expect(text).toMatch(/^tmpfs \S+ tmpfs rw,nosuid,nodev,\S*size=64k,mode=750/);
  });

  it('a read-only bind cannot be written to, nor can mounts below it', async () => {
    using folder = scratch('mounts');
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

  it.each([false, true])('devices are those that programs expect (bound: %s)', async (bound) => {
    using folder = scratch('mounts');
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
  });

  it('mount points that are missing are made, of the kind of what is bound', async () => {
    using folder = scratch('mounts');
    mkdirSync(folder.join('source'));
    const [file, directory, memory] = [folder.join('a/b/file'), folder.join('c/d'), folder.join('e/f')];
    const program = [bind('/etc/hostname', file), bind(folder.join('source'), directory), tmpfs(memory)];
    expect(await shell(program, `stat -c %F ${file} ${directory} ${memory}`)).toBe(
      'regular file\ndirectory\ndirectory\n',
    );
  });

  it('the root is the overlay, and the old one is gone', async () => {
    using folder = scratch('mounts');
    mkdirSync(folder.join('root'));
    const options = {
      lower: ['/'],
      upper: folder.join('upper'),
      work: folder.join('work'),
      target: folder.join('root'),
    };
    mkdirSync(options.upper);
    mkdirSync(options.work);
    const text = await shell(
      [
        overlay(options),
        symlink('here', `${folder.join('root')}/estiba-link`),
        pivotRoot(folder.join('root'), { readonly: true }),
      ],
      'pwd; readlink /estiba-link; (touch /estiba-file 2>&1 || true); ls /proc | wc -l',
    );
    expect(text).toMatch(/^\/\nhere\n.*Read-only file system\n0\n$/);
  });
});
