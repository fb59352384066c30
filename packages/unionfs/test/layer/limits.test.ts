import { describe, expect, it } from 'vitest';
import { Limits } from '../../src/layer/limits.ts';
import type { TarEntry } from '../../src/tar/tar-entry.ts';

const limits = (maxEntries = 10) => new Limits({ maxEntries, maxBytes: 1000 });
const tooLarge = (message: string) =>
  expect.objectContaining({ code: 'LAYER_TOO_LARGE', message: expect.stringContaining(message) });

function entry(more: Partial<TarEntry> = {}): TarEntry {
  const [id, empty] = [{ uid: 0, gid: 0, major: 0, minor: 0 }, Buffer.alloc(0)];
  const mtime = { seconds: 0, nanoseconds: 0 };
  const name = Buffer.from('f');
  return {
    ...id,
    type: 'file',
    name,
    link: empty,
    size: 0,
    stored: 0,
    position: 0,
    mode: 0,
    mtime,
    xattrs: new Map(),
    ...more,
  };
}

describe('a limit', () => {
  it('on entries counts the directories on their ways', () => {
    const some = limits(3);
    some.countEntry(entry());
    for (const at of [1, 2]) some.countImplicit({ name: Buffer.from(`${at}`) });
    expect(() => some.countImplicit({ name: Buffer.from('a/b') })).toThrow(
      tooLarge('cannot unpack "a/b": the layer has more than 3 entries, with the directories on their ways'),
    );
    expect(() => some.countEntry(entry())).toThrow(tooLarge('more than 3 entries'));
  });

  it('on parts of sparse files is one for all of them', () => {
    const some = limits();
    const extents = Array.from({ length: 1_000_000 }, () => ({ offset: 0, length: 1 }));
    for (const _ of [1, 2]) some.countEntry(entry({ extents }));
    some.countEntry(entry({ extents: [] }));
    expect(() => some.countEntry(entry({ extents: [{ offset: 0, length: 1 }] }))).toThrow(
      tooLarge('2000000 parts of sparse files'),
    );
  });

  it.each<[string, Partial<TarEntry>]>([
    ['large attributes of files', { xattrs: new Map([['user.a', Buffer.alloc(65_000)]]) }],
    ['empty attributes', { xattrs: new Map(Array.from({ length: 1000 }, (_, at) => [`${at}`, Buffer.alloc(0)])) }],
    ['targets of links', { type: 'symlink', link: Buffer.alloc(65_000) }],
  ])('holds for %s, which take memory', (_, more) => {
    const some = limits(2000);
    for (let at = 0; at < 800; at++) some.countEntry(entry(more));
    expect(() => {
      for (let at = 0; at < 400; at++) some.countEntry(entry(more));
    }).toThrow(tooLarge('bytes of extended attributes and targets of symbolic links'));
  });
});
