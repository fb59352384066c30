/** What is different between two trees, as a layer. */
import { linkSync, renameSync, rmSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { guard, requires, type Scratch, scratch } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { type ChangesOptions, diffLayer } from '../../src/diff/diff-layer.ts';
import { namesIn } from './entries.ts';
import { type FileSpec, makeTree, setAttributes } from './make-tree.ts';

guard();

const files: readonly FileSpec[] = [
  { path: 'dir', type: 'directory' },
  { path: 'dir/file', type: 'file', content: 'file' },
  { path: 'dir/sub', type: 'directory' },
  { path: 'dir/sub/deep', type: 'file', content: 'deep' },
  { path: 'link', type: 'symlink', link: 'dir' },
  { path: 'pipe', type: 'fifo' },
  { path: 'twin', type: 'file', content: 'twin' },
  { path: 'twin 2', type: 'hardlink', link: 'twin' },
].map((file) => (file.type === 'hardlink' ? file : { time: [7, 7] as const, ...file })) as FileSpec[];

requires({ on: ['host', 'uml'] })('the changes between two trees', () => {
  it('are an empty archive when there are none', async () => {
    using folder = scratch('changes');
    expect(await changes(folder, () => {})).toEqual([]);
  });

  it('are what is new, what is gone, and the directories around it', async () => {
    using folder = scratch('changes');
    const names = await changes(folder, (root) => {
      writeFileSync(`${root}/dir/sub/new`, '');
      unlinkSync(`${root}/dir/sub/deep`);
    });
    expect(names).toEqual(['./', 'dir/', 'dir/sub/', 'dir/sub/.wh.deep', 'dir/sub/new']);
  });

  it.each([
    ['mode', { mode: 0o4711 }],
    ['time', { time: [7, 8] }],
    ['attributes', { xattrs: { 'user.a': Buffer.from('1') } }],
  ] as const)('include a file whose %s is another', async (_, part) => {
    using folder = scratch('changes');
    const names = await changes(folder, (root) =>
      setAttributes(root, { path: 'dir/file', type: 'file', time: [7, 7], ...part }),
    );
    expect(names).toEqual(['./', 'dir/', 'dir/file']);
  });

  it('include a file of the same size and time with other content only if content is compared', async () => {
    using folder = scratch('changes');
    const change = (root: string) => {
      writeFileSync(`${root}/dir/file`, 'FILE');
      setAttributes(root, { path: 'dir/file', type: 'file', time: [7, 7] });
    };
    expect(await changes(folder, change)).toEqual([]);
    expect(await namesIn(diff(folder, { content: 'compare' }))).toEqual(['./', 'dir/', 'dir/file']);
  });

  it('say only that a directory is gone, not what was in it', async () => {
    using folder = scratch('changes');
    const names = await changes(folder, (root) => rmSync(`${root}/dir`, { recursive: true }));
    expect(names).toEqual(['./', '.wh.dir']);
  });

  it('have one thing in the place of another without saying that it is gone', async () => {
    using folder = scratch('changes');
    const names = await changes(folder, (root) => {
      rmSync(`${root}/dir/sub`, { recursive: true });
      writeFileSync(`${root}/dir/sub`, '');
    });
    expect(names).toEqual(['./', 'dir/', 'dir/sub']);
  });

  it('have all names of a file when one has joined, and none when one has gone', async () => {
    using folder = scratch('changes');
    const joined = await changes(folder, (root) => linkSync(`${root}/twin`, `${root}/dir/third`));
    expect(joined).toEqual(['./', 'dir/', 'dir/third', 'twin = dir/third', 'twin 2 = dir/third']);
    using other = scratch('changes');
    const left = await changes(other, (root) => unlinkSync(`${root}/twin 2`));
    expect(left).toEqual(['./', '.wh.twin 2']);
  });

  it('have one of two names when each is a file of its own now, however equal they are', async () => {
    using folder = scratch('changes');
    const names = await changes(folder, (root) => {
      unlinkSync(`${root}/twin 2`);
      makeTree(root, [{ path: 'twin 2', type: 'file', content: 'twin', time: [7, 7] }]);
    });
    expect(names).toEqual(['./', 'twin 2']);
  });

  it('have both names when two equal files are one now', async () => {
    using folder = scratch('changes');
    const two = (root: string) => makeTree(root, [{ path: 'x', type: 'file', time: [1, 0] }]);
    makeTree(folder.join('before'), [...files, { path: 'y', type: 'file', time: [1, 0] }]);
    two(folder.join('before'));
    makeTree(folder.join('after'), files);
    two(folder.join('after'));
    linkSync(folder.join('after/x'), folder.join('after/y'));
    utimesSync(folder.join('after/x'), 1, 1);
    level(folder);
    expect(await namesIn(diff(folder))).toEqual(['./', 'x', 'y = x']);
  });

  it('are refused where a name would say that something else is gone', async () => {
    using folder = scratch('changes');
    const change = (root: string) => renameSync(`${root}/pipe`, `${root}/.wh.link`);
    await expect(changes(folder, change)).rejects.toMatchObject({ code: 'TREE_UNSUPPORTED', entry: '.wh.link' });
  });
});

async function changes(folder: Scratch, change: (root: string) => void): Promise<string[]> {
  for (const name of ['before', 'after']) makeTree(folder.join(name), files);
  level(folder);
  change(folder.join('after'));
  return namesIn(diff(folder));
}

/** The roots were made one after the other. */
function level(folder: Scratch): void {
  for (const name of ['before', 'after']) utimesSync(folder.join(name), 9, 9);
}

function diff(folder: Scratch, options: Partial<ChangesOptions> = {}) {
  return diffLayer({ before: folder.join('before'), after: folder.join('after'), ...options });
}
