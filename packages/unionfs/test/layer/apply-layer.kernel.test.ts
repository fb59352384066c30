import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { guard, requires, scratch } from '@estiba/testkit';
import { type EntrySpec, layer } from '@estiba/testkit/archive';
import { expect, it } from 'vitest';
import { applyLayer } from '../../src/layer/apply-layer.ts';
import { tree, xattrs } from '../tree.ts';

guard();

requires({ on: ['host', 'uml'] })('a layer', () => {
  it('cannot tell the overlay that its tree will be part of anything', async () => {
    using folder = scratch('apply');
    const pax = {
      'SCHILY.xattr.trusted.overlay.redirect': '/x',
      'SCHILY.xattr.user.overlay.opaque': 'y',
      'SCHILY.xattr.user.own': 'z',
    };
    await applyLayer(layer({ name: 'dir/', type: '5', pax }), folder.path);
    expect(xattrs(folder.join('dir'))).toEqual(['user.own=7a']);
  });

  it('replaces what is there: anything by anything, a directory only by what is none', async () => {
    using folder = scratch('apply');
    mkdirSync(folder.join('dir/with/more'), { recursive: true });
    mkdirSync(folder.join('stays'));
    writeFileSync(folder.join('stays/file'), 'below');
    writeFileSync(folder.join('file'), 'below');
    symlinkSync('stays', folder.join('link'));
    symlinkSync('stays/file', folder.join('filelink'));
    await applyLayer(
      layer(
        { name: 'dir', content: 'now a file' },
        { name: 'stays/', type: '5', mode: 0o700, mtime: 42 },
        { name: 'file/', type: '5' },
        { name: 'file/inside', content: 'x' },
        { name: 'link/', type: '5' },
        { name: 'filelink', content: 'new' },
      ),
      folder.path,
    );
    expect(readFileSync(folder.join('dir'), 'utf8')).toBe('now a file');
    expect(readFileSync(folder.join('stays/file'), 'utf8')).toBe('below');
    expect(statSync(folder.join('stays'))).toMatchObject({ mode: 0o40700, mtimeMs: 42_000 });
    expect(readFileSync(folder.join('file/inside'), 'utf8')).toBe('x');
    expect(readdirSync(folder.join('link'))).toEqual([]);
    expect(lstatSync(folder.join('link')).isDirectory()).toBe(true);
    expect(readFileSync(folder.join('filelink'), 'utf8')).toBe('new');
  });

  it('breaks a hard link to below instead of writing through it', async () => {
    using folder = scratch('apply');
    writeFileSync(folder.join('a'), 'below');
    execFileSync('ln', [folder.join('a'), folder.join('b')]);
    await applyLayer(layer({ name: 'b', content: 'new' }), folder.path);
    expect(readFileSync(folder.join('a'), 'utf8')).toBe('below');
  });

  it('keeps names that are not UTF-8', async () => {
    using folder = scratch('apply');
    const name = Buffer.from([0x66, 0xff, 0xfe]);
    await applyLayer(layer({ name, content: 'x' }, { name: 'link', type: '2', link: name }), folder.path);
    expect(readdirSync(folder.path, { encoding: 'buffer' }).map((found) => found.toString('hex'))).toContain('66fffe');
    expect(readFileSync(folder.join('link'), 'utf8')).toBe('x');
  });
});

requires({ on: ['host', 'uml'], root: true })('a layer that root unpacks', () => {
  it('keeps set-id bits and file capabilities of files that belong to others', async () => {
    using folder = scratch('apply');
    const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');
    await applyLayer(
      layer(
        { name: 'setuid', mode: 0o6755, uid: 12345, gid: 54321 },
        { name: 'capable', mode: 0o755, uid: 12345, pax: { 'SCHILY.xattr.security.capability': capability } },
      ),
      folder.path,
    );
    expect(lstatSync(folder.join('setuid'))).toMatchObject({ mode: 0o106755, uid: 12345, gid: 54321 });
    expect(xattrs(folder.join('capable'))).toEqual([`security.capability=${capability.toString('hex')}`]);
  });
});

requires({ on: ['host', 'uml'] })('what a layer hides', () => {
  const below = (folder: { join(...parts: string[]): string }) => {
    for (const path of ['dir/a', 'dir/b', 'dir/sub/c', 'other/d']) {
      mkdirSync(folder.join(path, '..'), { recursive: true });
      writeFileSync(folder.join(path), 'below');
    }
  };

  it('is gone, with all that is below it', async () => {
    using folder = scratch('whiteout');
    below(folder);
    await applyLayer(
      layer({ name: '.wh.dir' }, { name: 'other/.wh.d' }, { name: '.wh.never' }, { name: 'no/.wh.x' }),
      folder.path,
    );
    expect(readdirSync(folder.path)).toEqual(['other']);
    expect(readdirSync(folder.join('other'))).toEqual([]);
  });

  const own: EntrySpec[] = [
    { name: 'dir/new', content: 'own' },
    { name: 'dir/sub/', type: '5' },
    { name: 'dir/b', content: 'own' },
  ];
  const cases: [string, EntrySpec[], string[]][] = [
    ['an opaque directory', [{ name: 'dir/.wh..wh..opq' }], ['b', 'new', 'sub']],
    ['a whiteout of the directory', [{ name: '.wh.dir' }], ['b', 'new', 'sub']],
    ['an opaque root', [{ name: '.wh..wh..opq' }], ['b', 'new', 'sub']],
    ['a whiteout of a file', [{ name: 'dir/.wh.b' }, { name: 'dir/.wh.a' }], ['b', 'new', 'sub']],
  ];
  it.each(cases)('by %s is only what lies below, before or after its own entries', async (_, hiding, expected) => {
    for (const entries of [
      [...hiding, ...own],
      [...own, ...hiding],
    ]) {
      using folder = scratch('whiteout');
      below(folder);
      await applyLayer(layer(...entries), folder.path);
      expect(readdirSync(folder.join('dir')).sort()).toEqual(expected);
      expect(readFileSync(folder.join('dir/b'), 'utf8')).toBe('own');
      expect(existsSync(folder.join('dir/sub/c'))).toBe(hiding[0]?.name === 'dir/.wh.b');
    }
  });

  it('has nothing to do with marks that aufs left', async () => {
    using folder = scratch('whiteout');
    below(folder);
    const marks = [{ name: '.wh..wh.aufs' }, { name: '.wh..wh.plnk/', type: '5' }, { name: '.wh..wh.plnk/12.34' }];
    await applyLayer(layer(...marks), folder.path);
    expect(readdirSync(folder.path).sort()).toEqual(['dir', 'other']);
  });

  it.each(['.wh.', 'dir/.wh.', '.wh..', '.wh...', '.wh.x/y'])('cannot be %s', async (name) => {
    using folder = scratch('whiteout');
    below(folder);
    const before = tree(folder.path);
    await expect(applyLayer(layer({ name }), folder.path)).rejects.toMatchObject({
      code: 'LAYER_INVALID',
      entry: name,
    });
    expect(tree(folder.path)).toEqual(before);
  });

  it('removes a tree deeper than any path', async () => {
    using folder = scratch('whiteout');
    const script =
      'import os,sys\nos.chdir(sys.argv[1])\nfor i in range(50):\n  n="d"*(1 if i==0 else 200)\n  os.mkdir(n); open("f","w").close(); os.chdir(n)';
    expect(spawnSync('python3', ['-c', script, folder.path]).status).toBe(0);
    await applyLayer(layer({ name: '.wh.d' }, { name: 'new/', type: '5' }), folder.path);
    expect(readdirSync(folder.path).sort()).toEqual(['f', 'new']);
  });
});
