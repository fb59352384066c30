/**
 * Where node-tar reads what the specification says, it is an oracle for us. Where it does not is written down here, and is why
 * layers are not read with it; what it gets right one day has to go from here.
 */

import { archive, endOfArchive, entryBytes, extendedHeader } from '@estiba/testkit/archive';
import { Header, Parser, type ReadEntry } from 'tar';
import { describe, expect, it } from 'vitest';
import { collect } from './collect.ts';
import { holes, sparseFormats, whole } from './sparse-archive.ts';

describe('node-tar agrees with us about', () => {
  it('the fields of a header block', () => {
    const spec = { name: 'a/b', content: 'hello', mode: 0o4755, uid: 70_000, gid: 20, mtime: 1234567890 };
    const bytes = archive({ ...spec, raw: { 345: 'prefix' } });
    const [entry] = collect(bytes);
    const theirs = new Header(bytes, 0);
    expect(theirs).toMatchObject({ path: 'prefix/a/b', mode: entry?.mode, uid: entry?.uid, size: entry?.size });
    expect(entry?.name.toString()).toBe(theirs.path);
    expect(entry?.mtime.seconds).toBe(Number(theirs.mtime) / 1000);
  });

  it('paths and sizes in extended headers', () => {
    const bytes = archive({ name: 'x', content: 'four', size: 0, pax: { path: 'ü', size: '4', uid: '4000000' } });
    const [theirs] = read(bytes);
    expect(theirs).toMatchObject({ path: 'ü', size: 4, uid: 4_000_000 });
    expect(collect(bytes)[0]).toMatchObject({ name: Buffer.from('ü'), size: 4, uid: 4_000_000 });
  });
});

describe('node-tar reads otherwise', () => {
  it('a name of several bytes for each letter, that arrives in pieces', () => {
    const path = 'ü'.repeat(600);
    const bytes = archive({ name: 'x', pax: { path } });
    const wrong = Array.from({ length: 1000 }, (_, at) => at + 24).filter(
      (size) => read(bytes, size)[0]?.path !== path,
    );
    expect(wrong.length).toBeGreaterThan(100);
    expect(collect(bytes, wrong[0])[0]?.name.toString()).toBe(path);
  });

  it('a name with a newline', () => {
    const bytes = archive({ name: 'x', pax: { path: 'new\nline' } });
    expect(read(bytes)[0]?.path).toBe('x');
    expect(collect(bytes)[0]?.name.toString()).toBe('new\nline');
  });

  it('a name that is not UTF-8', () => {
    const name = Buffer.from([0x66, 0xff]);
    expect(read(archive({ name }))[0]?.path).toBe('f\ufffd');
    expect(collect(archive({ name }))[0]?.name).toEqual(name);
  });

  it('extended attributes, which it drops', () => {
    const value = Buffer.from([1, 0, 0, 2, 0x0a, 0xff]);
    const bytes = archive({ name: 'x', pax: { 'SCHILY.xattr.security.capability': value } });
    expect(JSON.stringify(read(bytes)[0]?.extended)).not.toContain('capability');
    expect(collect(bytes)[0]?.xattrs.get('security.capability')).toEqual(value);
  });

  it('times, to the millisecond', () => {
    const bytes = archive({ name: 'x', pax: { mtime: '5.123456789' } });
    expect(read(bytes)[0]?.mtime?.getTime()).toBe(5123);
    expect(collect(bytes)[0]?.mtime).toEqual({ seconds: 5, nanoseconds: 123_456_789 });
  });

  it('devices in the GNU format, all as 0:0', () => {
    const bytes = archive({ name: 'null', type: '3', raw: { 257: 'ustar  \0', 329: '0000001\x000000003\0' } });
    expect(new Header(bytes, 0)).toMatchObject({ devmaj: 0, devmin: 0 });
    expect(collect(bytes)[0]).toMatchObject({ major: 1, minor: 3 });
  });

  it('sparse files, of which it takes what is stored for the whole, or nothing', () => {
    for (const [format, make] of Object.entries(sparseFormats)) {
      const bytes = Buffer.concat([make(holes), endOfArchive]);
      const theirs = read(bytes);
      if (format === 'oldGnu') expect(theirs).toEqual([]);
      else expect(theirs[0]?.size).not.toBe(20_000);
      expect(whole(collect(bytes)[0] as never)).toHaveLength(20_000);
    }
  });

  it('a damaged header, which it passes over unless told not to', () => {
    const bytes = Buffer.concat([entryBytes({ name: 'a', raw: { 148: '0000001\0' } }), archive({ name: 'b' })]);
    expect(read(bytes).map(({ path }) => path)).toEqual(['b']);
    expect(() => collect(bytes)).toThrow('its checksum is 1');
  });

  it('an archive that is cut off in an extended header, which is the end to it', () => {
    const bytes = extendedHeader('x', { path: 'p'.repeat(2000) }).subarray(0, 1200);
    expect(read(bytes)).toEqual([]);
    expect(() => collect(bytes)).toThrow('it is cut off');
  });
});

function read(bytes: Buffer, pieceSize = bytes.length): ReadEntry[] {
  const entries: ReadEntry[] = [];
  const parser = new Parser({
    onReadEntry: (entry) => {
      entries.push(entry);
      entry.resume();
    },
  });
  parser.on('error', () => {});
  for (let at = 0; at < bytes.length; at += pieceSize) parser.write(bytes.subarray(at, at + pieceSize));
  parser.end();
  return entries;
}
