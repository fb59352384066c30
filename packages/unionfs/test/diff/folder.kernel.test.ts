/** A tree that somebody changes while it is read: nothing outside of it is. */
import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { mknod, perform, umount } from '@estiba/syscalls';
import { guard, requires, type Scratch, scratch } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { Folder } from '../../src/diff/folder.ts';
import { packTree } from '../../src/diff/pack-tree.ts';
import { Packer } from '../../src/diff/packer.ts';
import { bind } from '../../src/steps/bind.ts';
import { namesIn } from './entries.ts';

guard();

requires({ on: ['host', 'uml'] })('a directory that is changed while it is read', () => {
  it('does not lead out where a link has taken the place of a directory', () => {
    using folder = prepared();
    using root = Folder.open(folder.join('tree'));
    expect(root.look('dir').type).toBe('directory');
    rmSync(folder.join('tree/dir'), { recursive: true });
    symlinkSync(folder.join('outside'), folder.join('tree/dir'));
    expect(() => root.enter('dir')).toThrow(expect.objectContaining({ code: 'TREE_UNSUPPORTED', entry: 'dir' }));
  });

  it('does not lead out where a directory was moved away and a link put in its place', () => {
    using folder = prepared();
    using root = Folder.open(folder.join('tree'));
    using inner = root.enter('dir');
    renameSync(folder.join('tree/dir'), folder.join('moved'));
    symlinkSync(folder.join('outside'), folder.join('tree/dir'));
    expect(inner.names()).toEqual(['file', 'sub']);
    expect(inner.look('file').size).toBe(4);
  });

  it.each([
    ['a link', (folder: Scratch) => symlinkSync(folder.join('outside/file'), folder.join('tree/dir/file'))],
    ['another file', (folder: Scratch) => writeFileSync(folder.join('tree/dir/file'), 'evil')],
    ['nothing', () => {}],
  ])('is refused where %s has taken the place of a file', (_, put) => {
    using folder = prepared();
    using root = Folder.open(folder.join('tree'));
    using inner = root.enter('dir');
    const item = inner.look('file');
    // Kept, so that its number is not given to the next.
    renameSync(folder.join('tree/dir/file'), folder.join('kept'));
    put(folder);
    const pack = () => [...new Packer({}).pack(item)];
    expect(pack).toThrow(expect.objectContaining({ code: 'TREE_UNSUPPORTED', entry: 'dir/file' }));
  });

  it('says so when a name is gone before it was looked at', () => {
    using folder = prepared();
    using root = Folder.open(folder.join('tree/dir'));
    const names = root.names();
    unlinkSync(folder.join('tree/dir/file'));
    expect(() => names.map((name) => root.look(name))).toThrow(expect.objectContaining({ code: 'TREE_UNSUPPORTED' }));
  });

  it('is as deep as a layer may be, and no deeper', async () => {
    using folder = scratch('folder');
    const deep = (levels: number) => folder.join(...Array(levels).fill('d'));
    mkdirSync(deep(500), { recursive: true });
    expect(await namesIn(packTree(folder.path))).toHaveLength(501);
    mkdirSync(deep(501));
    await expect(namesIn(packTree(folder.path))).rejects.toMatchObject({ code: 'TREE_UNSUPPORTED' });
  });
});

requires({ on: ['host', 'uml'], root: true })('a directory with something mounted in it', () => {
  it.each(['dir', 'dir/file', 'null'] as const)('is refused: %s', async (name) => {
    using folder = prepared();
    const source = { dir: folder.join('outside'), 'dir/file': folder.join('outside/file'), null: '/dev/null' }[name];
    perform([mknod(folder.join('tree/null'), 0o020666, [1, 3])]);
    perform(bind(source, folder.join('tree', name)));
    try {
      await expect(namesIn(packTree(folder.join('tree')))).rejects.toMatchObject({
        code: 'TREE_UNSUPPORTED',
        entry: name,
        message: expect.stringContaining('something is mounted there'),
      });
    } finally {
      perform([umount(folder.join('tree', name))]);
    }
  });
});

function prepared(): Scratch {
  const folder = scratch('folder');
  for (const path of ['tree/dir/sub', 'outside']) mkdirSync(folder.join(path), { recursive: true });
  writeFileSync(folder.join('tree/dir/file'), 'file');
  writeFileSync(folder.join('outside/file'), 'outside');
  return folder;
}
