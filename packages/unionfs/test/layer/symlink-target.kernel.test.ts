/** How long a symbolic link may be depends on the file system: symlink(7), and the size of a block of ext4. */
import { execFileSync } from 'node:child_process';
import { closeSync, lstatSync, mkdirSync, openSync } from 'node:fs';
import { guard, requires, type Scratch, scratch } from '@estiba/testkit';
import { type EntrySpec, layer } from '@estiba/testkit/archive';
import { expect, it } from 'vitest';
import { applyLayer } from '../../src/layer/apply-layer.ts';

guard();

const linkTo = (bytes: number): EntrySpec => ({ name: 'link', type: '2', pax: { linkpath: 't'.repeat(bytes) } });

requires({ on: ['host'], root: true, command: 'mke2fs' })('a symbolic link', () => {
  it('that the file system takes no more is not called a fault of the layer', async () => {
    using folder = scratch('link');
    using disk = smallBlocks(folder);
    await applyLayer(layer(linkTo(1023)), disk.path);
    expect(lstatSync(`${disk.path}/link`).size).toBe(1023);
    await expect(applyLayer(layer(linkTo(1024)), disk.path)).rejects.toMatchObject({
      code: 'LAYER_REFUSED',
      entry: 'link',
      message: 'cannot unpack "link": symlink: ENAMETOOLONG; the file system takes no links to so long a path',
    });
  });

  it('that no file system takes is one', async () => {
    using folder = scratch('link');
    await expect(applyLayer(layer(linkTo(4096)), folder.path)).rejects.toMatchObject({
      code: 'LAYER_INVALID',
      message: expect.stringContaining('its target has more than 4095 bytes'),
    });
  });
});

/** An ext4 that has no room for a target of 1024 bytes; attached nowhere, so that it is gone with its descriptor. */
function smallBlocks(folder: Scratch): Disposable & { readonly path: string } {
  const [file, path] = [folder.join('disk'), folder.join('mounted')];
  mkdirSync(path);
  const run = (command: string, ...args: string[]) => execFileSync(command, args, { timeout: 20_000 });
  run('mke2fs', '-q', '-t', 'ext4', '-b', '1024', file, '4M');
  run('mount', '-o', 'loop', file, path);
  const fd = openSync(path, 'r');
  run('umount', '--lazy', path);
  return { path: `/proc/self/fd/${fd}/.`, [Symbol.dispose]: () => closeSync(fd) };
}
