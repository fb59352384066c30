import { archive, base256, type EntrySpec, endOfArchive, entryBytes, longName } from '@estiba/testkit/archive';
import { describe, expect, it } from 'vitest';
import type { TarEntry } from '../../src/tar/tar-entry.ts';
import { TarReader } from '../../src/tar/tar-reader.ts';
import { collect } from './collect.ts';

const invalid = { name: 'UnionfsError', code: 'LAYER_INVALID' };

describe('an archive', () => {
  it.each([1, 7, 512, 4096])('tells what fills the last block of a content, in pieces of %i bytes', (size) => {
    const hidden = entryBytes({ name: 'a', content: 'content', pax: { comment: 'x' } });
    hidden.fill('h', hidden.length - 505);
    const bytes = Buffer.concat([hidden, archive({ name: 'b', pax: { comment: 'y' } }, { name: 'c', content: 'c' })]);
    const told: [string, string][] = [];
    const reader = new TarReader({
      entry: ({ name }) => void told.push([name.toString(), '']),
      data: () => {},
      end: () => {},
      padding: (piece) => {
        const last = told.at(-1) as [string, string];
        last[1] += piece.toString('latin1');
      },
    });
    for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
    reader.finish();
    expect(told).toEqual([
      ['a', 'h'.repeat(505)],
      ['b', ''],
      ['c', '\0'.repeat(511)],
    ]);
  });

  const several: EntrySpec[] = [
    { name: 'dir/', type: '5' },
    {
      name: 'dir/file',
      content: Buffer.alloc(1500, 'x'),
      pax: { path: `dir/${'ü'.repeat(300)}`, mtime: '5.000000001' },
    },
    { name: 'block', content: Buffer.alloc(512, 'y') },
    { name: 'link', type: '2', link: 'dir' },
  ];

  it('is read no further than until the handler is full, and from there', () => {
    const bytes = archive(...several, { name: 'last', content: 'z'.repeat(700) });
    const told: TarEntry[] = [];
    let held = 0;
    const reader = new TarReader({
      entry: (entry) => {
        told.push(entry);
        held += 1;
      },
      data: () => {},
      end: () => {},
      get isFull() {
        return held === 2;
      },
    });
    const counts: number[] = [];
    for (let at = 0; at < bytes.length; held = 0) {
      at += reader.push(bytes.subarray(at));
      counts.push(told.length);
    }
    reader.finish();
    expect(counts).toEqual([2, 4, 5]);
    // With the places of their contents in the archive.
    expect(told).toEqual(collect(bytes).map(({ content: _, ...entry }) => entry));
  });

  it('reads the same in pieces of any size', () => {
    const bytes = Buffer.concat([longName('L', 'n'.repeat(513)), archive(...several)]);
    const whole = collect(bytes);
    expect(whole).toHaveLength(4);
    for (let size = 1; size <= 1100; size++) expect(collect(bytes, size)).toEqual(whole);
  });

  it('that is cut off before the last byte of an entry is refused', () => {
    const bytes = archive(...several);
    const complete = new Set([0]);
    for (let at = 0, count = 0; count < several.length; count++) {
      const entry = several[count] as EntrySpec;
      const last = at + entryBytes({ ...entry, content: '' }).length + Buffer.byteLength(entry.content ?? '');
      at += entryBytes(entry).length;
      // Some writers do not fill up the last block.
      for (let length = last; length <= at; length++) complete.add(length);
    }
    const end = bytes.length - endOfArchive.length;
    for (let length = 0; length < end; length++) {
      const cut = () => collect(bytes.subarray(0, length));
      if (complete.has(length)) expect(cut).not.toThrow();
      else expect(cut).toThrow(expect.objectContaining(invalid));
    }
  });

  it('that is cut off in the label of a tape is refused, after it is not', () => {
    const label = entryBytes({ name: 'tape', type: 'V', content: 'x'.repeat(700) });
    for (let length = 1; length < label.length; length++) {
      const cut = () => collect(label.subarray(0, length));
      if (length < 512 + 700) expect(cut).toThrow(expect.objectContaining(invalid));
      else expect(cut()).toEqual([]);
    }
  });

  it('says in which entry it is cut off', () => {
    expect(() => collect(archive({ name: 'etc/passwd', content: 'x'.repeat(900) }).subarray(0, 700))).toThrow(
      'cannot unpack the layer: it is cut off in the entry "etc/passwd"',
    );
  });

  it('ends at two blocks of zeros, whatever follows', () => {
    expect(collect(Buffer.concat([archive({ name: 'x' }), Buffer.alloc(700, 'garbage')]))).toHaveLength(1);
  });

  it('that goes on after a lone block of zeros is refused, as readers disagree about it', () => {
    const bytes = Buffer.concat([entryBytes({ name: 'x' }), Buffer.alloc(512), archive({ name: 'y' })]);
    expect(() => collect(bytes)).toThrow('something follows the lone block of zeros behind the entry "x"');
    expect(collect(bytes.subarray(0, 1024))).toHaveLength(1);
  });

  it('without an end is accepted between two entries', () => {
    expect(collect(entryBytes({ name: 'x' }))).toHaveLength(1);
  });

  it('with a wrong checksum is refused', () => {
    expect(() => collect(archive({ name: 'x', raw: { 148: '0000001\0' } }))).toThrow(
      'its checksum is 1, its bytes sum',
    );
  });

  it('with a checksum over signed bytes is accepted', () => {
    const bytes = archive({ name: Buffer.from([0x66, 0xff]) });
    const signed = bytes.subarray(0, 512).reduce((sum, byte, at) => {
      const value = at >= 148 && at < 156 ? 0x20 : byte;
      return sum + (value > 127 ? value - 256 : value);
    }, 0);
    bytes.write(`${signed.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    expect(collect(bytes)).toHaveLength(1);
  });

  it('that is none is refused', () => {
    expect(() => collect(Buffer.alloc(2000, 'this is a text, not a tar '))).toThrow(expect.objectContaining(invalid));
  });

  it.each([
    ['a negative size', { 124: base256(-1n, 12) }],
    ['a size beyond all numbers', { 124: base256(2n ** 60n, 12) }],
    ['a size that is no number', { 124: '12x456789ab\0' }],
    ['a negative user', { 108: base256(-2n, 8) }],
    ['the user that stands for none', { 108: base256(0xffffffffn, 8) }],
    ['a type that nobody knows', { 156: 'Q' }],
    ['the type of part of a multi-volume archive', { 156: 'M' }],
    ['the type of a list of old long names', { 156: 'N' }],
    ['the type of an access list of Solaris', { 156: 'A' }],
    ['the type of an inode of star', { 156: 'I' }],
  ])('with %s is refused', (_, raw) => {
    expect(() => collect(archive({ name: 'x', raw }))).toThrow(expect.objectContaining(invalid));
  });
});
