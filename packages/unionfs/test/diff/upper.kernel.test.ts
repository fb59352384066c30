/** What an overlay left in its upper directory, as a layer. */
import { chmodSync, mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { perform, syscall } from '@estiba/syscalls';
import { guard, requires, type Scratch, scratch } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { diffLayer, type UpperOptions } from '../../src/diff/diff-layer.ts';
import { mountOverlay } from '../../src/mount-overlay.ts';
import { overlay } from '../../src/steps/overlay.ts';
import type { OverlayOptions } from '../../src/steps/overlay-options.ts';
import { attributes, mounting, overlayOptions, shell } from '../mounting.ts';
import { scratchOfLayers } from '../scratch-of-layers.ts';
import { xattrs } from '../tree.ts';
import { entriesOf, namesIn } from './entries.ts';
import { type FileSpec, makeTree } from './make-tree.ts';

guard();

const below: readonly FileSpec[] = [
  { path: 'etc', type: 'directory', mode: 0o750, time: [5, 5] },
  { path: 'etc/conf', type: 'file', content: 'old', time: [1, 1], xattrs: { 'user.a': Buffer.from('b') } },
  { path: 'etc/gone', type: 'file' },
  { path: 'etc/same', type: 'symlink', link: 'conf', time: [2, 2] },
  { path: 'usr', type: 'directory' },
  { path: 'usr/bin', type: 'directory' },
  { path: 'usr/bin/tool', type: 'file', content: 'tool' },
  { path: 'twin', type: 'file', content: 'twin' },
  { path: 'twin 2', type: 'hardlink', link: 'twin' },
];

requires({ on: ['host', 'uml'], ...mounting })('an upper directory', () => {
  it('is said as what is new, what is gone, and the directories around it', async () => {
    using folder = scratchOfLayers('upper');
    const layer = await changed(folder, 'rm etc/gone; mkdir etc/new; echo > etc/new/file; echo changed > etc/conf');
    expect(await namesIn(layer())).toEqual(['./', 'etc/', 'etc/.wh.gone', 'etc/conf', 'etc/new/', 'etc/new/file']);
    const [, etc, gone] = await entriesOf(layer());
    expect(etc).toMatchObject({ type: 'directory', mode: 0o750 });
    expect(gone).toMatchObject({ type: 'file', size: 0, uid: 0, gid: 0, mtime: { seconds: 0, nanoseconds: 0 } });
  });

  it('hides all that was in a directory whose place another has taken, in one mark', async () => {
    using folder = scratchOfLayers('upper');
    const layer = await changed(folder, 'rm -r usr; mkdir usr; echo > usr/mine');
    expect(await namesIn(layer())).toEqual(['./', 'usr/', 'usr/.wh..wh..opq', 'usr/mine']);
  });

  it('hides nothing where it knows that there is nothing to hide', async () => {
    using folder = scratchOfLayers('upper');
    const layer = await changed(folder, 'mkdir new; rm -r usr; mkdir usr; mkdir usr/bin; mkdir usr/bin/x');
    expect(await namesIn(layer())).toEqual(['./', 'new/', 'usr/', 'usr/.wh..wh..opq', 'usr/bin/', 'usr/bin/x/']);
    setXattr(folder.join('upper/new'), `${attributes}.overlay.opaque`, 'y');
    expect(await namesIn(layer())).not.toContain('new/.wh..wh..opq');
    expect(await namesIn(layer({ lower: [] }))).toEqual(['./', 'new/', 'usr/', 'usr/bin/', 'usr/bin/x/']);
    // It does not know.
    expect(await namesIn(diffLayer({ upper: folder.join('upper') }))).toContain('new/.wh..wh..opq');
  });

  it('leaves out copies that nobody changed, if that is wanted', async () => {
    using folder = scratchOfLayers('upper');
    // Opening for writing copies a file up.
    const layer = await changed(folder, 'exec 3>>etc/conf; exec 3>>twin; exec 3>>usr/bin/tool; chmod 700 usr/bin/tool');
    expect(await namesIn(layer())).toEqual(['./', 'etc/', 'etc/conf', 'twin', 'usr/', 'usr/bin/', 'usr/bin/tool']);
    // One of two names: which of them are one file is different now.
    expect(await namesIn(layer({ dropEqual: true }))).toEqual(['./', 'twin', 'usr/', 'usr/bin/', 'usr/bin/tool']);
  });

  it('is an empty archive when there is nothing in it', async () => {
    using folder = scratchOfLayers('upper');
    const layer = await changed(folder, 'exec 3>>etc/conf');
    expect(await namesIn(layer({ dropEqual: true }))).toEqual([]);
  });

  it('makes a hard link of each further name of a file', async () => {
    using folder = scratchOfLayers('upper');
    const layer = await changed(folder, 'ln twin usr/third; echo > new; ln new etc/new');
    expect(await namesIn(layer({ dropEqual: true }))).toEqual([
      './',
      'etc/',
      'etc/new',
      'new = etc/new',
      'twin',
      'usr/',
      'usr/third = twin',
    ]);
  });

  it('hides what a socket stands in the place of', async () => {
    using folder = scratchOfLayers('upper');
    const layer = await changed(folder, 'rm etc/conf');
    rmSync(folder.join('upper/etc/conf'));
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(folder.join('upper/etc/conf'), resolve));
    try {
      expect(await namesIn(layer())).toEqual(['./', 'etc/', 'etc/.wh.conf']);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('is refused where a name in it would say that something else is gone', async () => {
    using folder = scratchOfLayers('upper');
    const layer = await changed(folder, 'echo > etc/.wh.conf');
    await expect(namesIn(layer())).rejects.toMatchObject({ code: 'TREE_UNSUPPORTED', entry: 'etc/.wh.conf' });
  });
});

requires({ on: ['host', 'uml'], root: true, overlay: true })('the upper directory of an overlay with options', () => {
  it.each([
    ['redirectDir', { redirectDir: 'on' }, (root: string) => renameSync(`${root}/usr`, `${root}/lib`), 'lib'],
    [
      'metacopy',
      { redirectDir: 'on', metacopy: true },
      (root: string) => chmodSync(`${root}/etc/conf`, 0o600),
      'etc/conf',
    ],
    ['index', { index: true }, (root: string) => writeFileSync(`${root}/twin`, 'new'), 'twin'],
  ] as const)('is refused where %s keeps things elsewhere', async (_, options, change, entry) => {
    using folder = scratch('upper');
    const layer = await changed(folder, change, options);
    await expect(namesIn(layer())).rejects.toMatchObject({ code: 'TREE_UNSUPPORTED', entry });
  });

  it('carries no notes of the overlay, and the marks of another one as they were', async () => {
    using folder = scratch('upper');
    const layer = await changed(folder, (root) => {
      for (const path of ['etc/conf', 'usr/bin']) setXattr(`${root}/${path}`, 'user.kept', 'yes');
      mkdirSync(`${root}/new`);
    });
    expect(xattrs(folder.join('upper/usr/bin')).join()).toContain('trusted.overlay.');
    const names = (await entriesOf(layer())).flatMap(({ xattrs }) => [...xattrs.keys()]);
    expect(names).toEqual(['user.a', 'user.kept', 'user.kept']);
  });

  it('knows files that say that something is gone, in directories that say so', async () => {
    using folder = scratch('upper');
    for (const path of ['below/dir', 'upper/dir', 'copy']) mkdirSync(folder.join(path), { recursive: true });
    for (const path of ['below/dir/gone', 'below/dir/stays', 'upper/dir/gone']) writeFileSync(folder.join(path), '');
    setXattr(folder.join('upper/dir'), 'trusted.overlay.opaque', 'x');
    setXattr(folder.join('upper/dir/gone'), 'trusted.overlay.whiteout', 'y');
    const layer = diffLayer({ upper: folder.join('upper'), lower: [folder.join('below')] });
    expect(await namesIn(layer)).toEqual(['./', 'dir/', 'dir/.wh.gone']);
  });

  it('is read by the marks that it is said to have, and not without when there are others', async () => {
    using folder = scratch('upper');
    mkdirSync(folder.join('upper/dir'), { recursive: true });
    setXattr(folder.join('upper/dir'), 'user.overlay.opaque', 'y');
    const names = (options: Partial<UpperOptions>) => namesIn(diffLayer({ upper: folder.join('upper'), ...options }));
    await expect(names({})).rejects.toMatchObject({ code: 'TREE_UNSUPPORTED', entry: 'dir' });
    expect(await names({ namespace: 'user' })).toEqual(['./', 'dir/', 'dir/.wh..wh..opq']);
    expect(await names({ namespace: 'trusted' })).toEqual(['./', 'dir/']);
  });

  it('shows the attributes of files that overlayfs has under another name', async () => {
    using folder = scratch('upper');
    mkdirSync(folder.join('upper'));
    writeFileSync(folder.join('upper/file'), '');
    setXattr(folder.join('upper/file'), 'user.overlay.overlay.metacopy', 'mine');
    const layer = diffLayer({ upper: folder.join('upper'), namespace: 'user' });
    const [, file] = await entriesOf(layer);
    expect(file?.xattrs).toEqual(new Map([['user.overlay.metacopy', Buffer.from('mine')]]));
  });
});

/** What a change of an overlay over the tree above leaves, as a layer. */
async function changed(
  folder: Scratch,
  change: string | ((root: string) => void),
  mounted: Partial<OverlayOptions> = {},
): Promise<(options?: Partial<UpperOptions>) => ReturnType<typeof diffLayer>> {
  makeTree(folder.join('below'), below);
  for (const name of ['upper', 'work', 'merged']) mkdirSync(folder.join(name));
  // Whatever the upper directory says of itself, it says of the root.
  for (const name of ['below', 'upper']) utimesSync(folder.join(name), 9, 9);
  const paths = { lower: [folder.join('below')], upper: folder.join('upper'), work: folder.join('work') };
  const options = { ...paths, options: overlayOptions, ...mounted, target: folder.join('merged') };
  if (typeof change === 'string') {
    await shell([overlay(options)], `cd ${folder.join('merged')}; ${change}`);
  } else {
    await using mount = await mountOverlay(options);
    change(mount.path);
  }
  return (more = {}) => diffLayer({ upper: paths.upper, lower: paths.lower, ...more });
}

function setXattr(path: string, name: string, value: string): void {
  perform([syscall('lsetxattr', path, name, Buffer.from(value), value.length, 0)]);
}
