import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { Fd, mount, perform } from '@estiba/syscalls';
import { guard, requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { mountBind } from '../../src/mount-bind.ts';
import { mountTmpfs } from '../../src/mount-tmpfs.ts';
import { mountsBelow, unmountBelow } from '../../src/mounts/mounts-below.ts';
import { scratchOfLayers } from '../scratch-of-layers.ts';

guard();

const isMounted = (path: string) => readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${path} `);

requires({ on: ['host', 'uml'], root: true, overlay: true })('a mount', () => {
  it('is gone when its scope ends, even while it is in use', async () => {
    using folder = scratchOfLayers('mounted');
    let file: Fd;
    {
      await using memory = await mountTmpfs(folder.join('memory'), {
        size: 65536,
        inodes: 10,
        mode: 0o711,
        uid: 7,
        gid: 8,
      });
      expect(statSync(memory.path)).toMatchObject({ mode: 0o40711, uid: 7, gid: 8 });
      writeFileSync(`${memory.path}/file`, 'x');
      file = Fd.open(`${memory.path}/file`);
    }
    using _open = file;
    expect(isMounted(folder.join('memory'))).toBe(false);
  });

  it('that is in use is not unmounted, and says by whom', async () => {
    using folder = scratchOfLayers('mounted');
    await using memory = await mountTmpfs(folder.join('memory'));
    writeFileSync(`${memory.path}/file`, '');
    {
      using _file = Fd.open(`${memory.path}/file`);
      await expect(memory.unmount()).rejects.toMatchObject({
        name: 'SyscallError',
        code: 'EBUSY',
        syscall: 'umount2',
        path: memory.path,
        message: `cannot unmount ${memory.path}: EBUSY, in use by this process (${memory.path}/file); end that first, or unmount with detach: true`,
      });
    }
    {
      await using _inner = await mountTmpfs(`${memory.path}/inner`);
      await expect(memory.unmount()).rejects.toThrow(`in use by the mount on ${memory.path}/inner; `);
    }
    await memory.unmount();
    expect(isMounted(memory.path)).toBe(false);
  });

  it('that is in use goes at once when it is detached', async () => {
    using folder = scratchOfLayers('mounted');
    await using memory = await mountTmpfs(folder.join('memory'));
    writeFileSync(`${memory.path}/file`, 'still here');
    using file = Fd.open(`${memory.path}/file`);
    await memory.unmount({ detach: true });
    expect(isMounted(memory.path)).toBe(false);
    expect(readFileSync(file.number, 'utf8')).toBe('still here');
  });

  it('can be unmounted twice, by whomever, and takes nothing else with it', async () => {
    using folder = scratchOfLayers('mounted');
    const memory = await mountTmpfs(folder.join('memory'));
    await memory.unmount();
    await using other = await mountTmpfs(folder.join('memory'));
    await memory.unmount();
    await memory[Symbol.asyncDispose]();
    expect(isMounted(other.path)).toBe(true);
    expect(await unmountBelow(folder.path)).toEqual([other.path]);
    await other.unmount();
  });

  it('is not unmounted while another lies on top of it, which stays, and is when that is gone', async () => {
    using folder = scratchOfLayers('mounted');
    const [first, second] = [await mountTmpfs(folder.join('memory')), await mountTmpfs(folder.join('memory'))];
    writeFileSync(`${second.path}/second`, '');
    for (const unmount of [() => first.unmount(), () => first[Symbol.asyncDispose]()]) {
      await expect(unmount()).rejects.toMatchObject({
        name: 'SyscallError',
        code: 'EBUSY',
        message: `cannot unmount ${first.path}: EBUSY, something else is on top of it, or in its place; unmount or move that first`,
      });
    }
    expect(readdirSync(second.path)).toEqual(['second']);
    await second.unmount();
    await first.unmount();
    expect(isMounted(first.path)).toBe(false);
  });

  it('that was moved with the directory that it is in is not taken for unmounted', async () => {
    using folder = scratchOfLayers('mounted');
    const memory = await mountTmpfs(folder.join('before/memory'));
    renameSync(folder.join('before'), folder.join('after'));
    await expect(memory.unmount()).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await unmountBelow(folder.path)).toEqual([folder.join('after/memory')]);
    await memory.unmount();
  });

  it('of a file is unmounted like any other', async () => {
    using folder = scratchOfLayers('mounted');
    writeFileSync(folder.join('file'), 'x');
    await using bound = await mountBind(folder.join('file'), folder.join('a/b'), { readonly: true });
    expect(readFileSync(bound.path, 'utf8')).toBe('x');
    expect(() => writeFileSync(bound.path, '')).toThrow('EROFS');
    await bound.unmount();
    expect(readFileSync(folder.join('a/b'), 'utf8')).toBe('');
  });

  it('of a directory has the attributes that were asked for, and lets nothing through', async () => {
    using folder = scratchOfLayers('mounted');
    await using _source = await mountTmpfs(folder.join('source'));
    // A copy of it would be its peer, and what is mounted on one would appear on the other.
    perform([mount({ target: folder.join('source'), flags: ['shared'] })]);
    await using _inner = await mountTmpfs(folder.join('source/inner'), { attributes: ['strictatime'] });
    await using bound = await mountBind(folder.join('source'), folder.join('bound'), {
      readonly: true,
      recursive: true,
      attributes: ['nosuid', 'nodev', 'noexec', 'noatime', 'nosymfollow'],
    });
    const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
    for (const target of [bound.path, `${bound.path}/inner`]) {
      const [, , , , , attributes = ''] = lines.find((line) => line.includes(` ${target} `))?.split(' ') ?? [];
      expect(attributes.split(',').sort()).toEqual(['noatime', 'nodev', 'noexec', 'nosuid', 'nosymfollow', 'ro']);
    }
    await using _later = await mountTmpfs(folder.join('source/later'));
    expect(isMounted(`${bound.path}/later`)).toBe(false);
    expect(() => writeFileSync(`${bound.path}/inner/file`, '')).toThrow('EROFS');
  });
});

// The kernel gives the number and the device of one to the next; before Linux 6.8 nothing tells them apart.
requires({ on: ['host'], root: true, kernel: '6.8' })('a mount that somebody else has unmounted', () => {
  it('takes nothing with it that is mounted there now', async () => {
    using folder = scratchOfLayers('mounted');
    const first = await mountTmpfs(folder.join('memory'));
    expect(await unmountBelow(folder.path)).toEqual([first.path]);
    await using other = await mountTmpfs(folder.join('memory'));
    await first[Symbol.asyncDispose]();
    expect(isMounted(other.path)).toBe(true);
  });
});

requires({ on: ['host', 'uml'], root: true, overlay: true })('what is mounted below a directory', () => {
  it('is found, the deepest first, and unmounted; the directory itself stays', async () => {
    using folder = scratchOfLayers('mounted');
    mkdirSync(folder.join('dir'));
    mkdirSync(folder.join('dir-beside'));
    await using outer = await mountTmpfs(folder.join('dir'));
    await using beside = await mountTmpfs(folder.join('dir-beside'));
    const below = ['a', 'a/b c', 'a/b c/d', 'e'].map((name) => folder.join('dir', name));
    for (const path of below) await mountTmpfs(path);
    // Two on top of each other.
    await mountTmpfs(folder.join('dir/e'));
    symlinkSync('dir', folder.join('link'));
    const found = (await mountsBelow(folder.join('link'))).map(({ target }) => target);
    expect(found.toSorted()).toEqual([...below, folder.join('dir/e')].sort());
    expect(found.indexOf(below[2] as string)).toBeLessThan(found.indexOf(below[1] as string));
    expect(found.indexOf(below[1] as string)).toBeLessThan(found.indexOf(below[0] as string));
    expect((await unmountBelow(folder.join('link'))).toSorted()).toEqual(found.toSorted());
    expect([isMounted(outer.path), isMounted(beside.path)]).toEqual([true, true]);
    expect(await mountsBelow(outer.path)).toEqual([]);
    expect(await mountsBelow(folder.join('missing'))).toEqual([]);
  });

  it('and is in use, is unmounted only when it is detached', async () => {
    using folder = scratchOfLayers('mounted');
    const memory = await mountTmpfs(folder.join('dir/memory'));
    using _open = Fd.open(memory.path);
    await expect(unmountBelow(folder.path)).rejects.toMatchObject({ code: 'EBUSY' });
    expect(await unmountBelow(folder.path, { detach: true })).toEqual([memory.path]);
  });

  it('and hidden by another mount, does no harm', async () => {
    using folder = scratchOfLayers('mounted');
    await using hidden = await mountTmpfs(folder.join('dir/x'));
    {
      await using _over = await mountTmpfs(folder.join('dir'));
      expect(await unmountBelow(folder.join('dir'))).toEqual([]);
    }
    expect(isMounted(hidden.path)).toBe(true);
    expect(readdirSync(hidden.path)).toEqual([]);
  });
});
