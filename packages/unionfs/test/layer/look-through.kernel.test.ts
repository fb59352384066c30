/** What an ordinary user's layers stand on, who cannot have it mounted to look at it: the rules are those of overlayfs. */
import { closeSync, mkdirSync, openSync, readdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { mknod, perform, syscall } from '@estiba/syscalls';
import { requires, type Scratch, scratch } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { lookThrough } from '../../src/layer/look-through.ts';

/** What is at a path of one layer: a file, a directory, a link, or a mark. */
type What = 'file' | 'directory' | 'link' | 'whiteout' | 'opaque';

/** The layers, the topmost first; which of them shows at the path, or nothing. */
function shows(layers: readonly Record<string, What>[], path: string): string | undefined {
  using folder = scratch('look');
  const roots = layers.map((layer, depth) => made(folder, String(depth), layer));
  const before = readdirSync('/proc/self/fd').length;
  const fd = lookThrough(roots, path, 'user');
  try {
    return fd === undefined ? undefined : readlinkSync(`/proc/self/fd/${fd}`).slice(folder.path.length + 1);
  } finally {
    if (fd !== undefined) closeSync(fd);
    expect(readdirSync('/proc/self/fd').length).toBe(before);
    for (const root of roots) closeSync(root);
  }
}

function made(folder: Scratch, name: string, layer: Record<string, What>): number {
  mkdirSync(folder.join(name));
  for (const [path, what] of Object.entries(layer)) {
    const file = folder.join(name, path);
    mkdirSync(what === 'directory' || what === 'opaque' ? file : dirname(file), { recursive: true });
    const S_IFCHR = 0o020000;
    if (what === 'file') writeFileSync(file, '');
    if (what === 'link') symlinkSync('elsewhere', file);
    if (what === 'whiteout') perform([mknod(file, S_IFCHR, [0, 0])]);
    if (what === 'opaque') perform([syscall('setxattr', file, 'user.overlay.opaque', 'y', 1, 0)]);
  }
  return openSync(folder.join(name), 'r');
}

requires({ on: ['host', 'uml'] })('a look through layers', () => {
  it('keeps nothing open when one of them cannot be opened', () => {
    using folder = scratch('look');
    const root = made(folder, '0', {});
    const before = readdirSync('/proc/self/fd').length;
    expect(() => lookThrough([root, root, 1_000_000], 'a', 'user')).toThrow('EBADF');
    expect(readdirSync('/proc/self/fd').length).toBe(before);
    closeSync(root);
  });
});

requires({ on: ['host', 'uml'] })('of several layers shows', () => {
  it.each<[string, Record<string, What>[], string, string | undefined]>([
    ['the root of the topmost', [{}, { a: 'file' }], '', '0'],
    ['what only the lowest has', [{}, { b: 'file' }, { 'a/b/c': 'file' }], 'a/b/c', '2/a/b/c'],
    ['the topmost of several', [{ x: 'file' }, { 'a/b': 'file' }, { 'a/b': 'file' }], 'a/b', '1/a/b'],
    ['the topmost directory of several', [{ 'a/x': 'file' }, { 'a/y': 'file' }], 'a', '0/a'],
    ['a link as itself', [{ x: 'file' }, { a: 'link' }, { 'a/b': 'file' }], 'a', '1/a'],
    ['nothing behind a link', [{ x: 'file' }, { a: 'link' }, { 'a/b': 'file' }], 'a/b', undefined],
    ['nothing below a whiteout', [{ 'a/b': 'whiteout' }, { 'a/b': 'file' }], 'a/b', undefined],
    [
      'nothing below the whiteout of a directory',
      [{ x: 'file' }, { a: 'whiteout' }, { 'a/b': 'file' }],
      'a/b',
      undefined,
    ],
    ['what is over a whiteout', [{ 'a/c': 'file' }, { a: 'whiteout' }, { 'a/b': 'file' }], 'a/c', '0/a/c'],
    ['nothing below an opaque directory', [{ a: 'opaque' }, { 'a/b': 'file' }], 'a/b', undefined],
    ['what is in an opaque directory', [{ x: 'file' }, { a: 'opaque', 'a/b': 'file' }], 'a/b', '1/a/b'],
    ['nothing below a file', [{ x: 'file' }, { a: 'file' }, { 'a/b': 'file' }], 'a/b', undefined],
    [
      'a directory, and nothing of what a file under it hides',
      [{ 'a/c': 'file' }, { a: 'file' }, { 'a/b': 'file' }],
      'a/b',
      undefined,
    ],
    ['nothing that there is not', [{ x: 'file' }, { y: 'file' }], 'z/z', undefined],
  ])('%s', (_, layers, path, expected) => {
    expect(shows(layers, path)).toBe(expected);
  });
});
