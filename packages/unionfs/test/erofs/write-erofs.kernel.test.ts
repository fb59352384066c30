/** A layer as one file: what the kernel shows of it is what unpacking it makes, entry by entry. */
import {
  closeSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  statSync,
} from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { perform, syscall } from '@estiba/syscalls';
import { guard, requires, scratch } from '@estiba/testkit';
import { archive, endOfArchive, entryBytes, layer } from '@estiba/testkit/archive';
import { expect, it } from 'vitest';
import { exportTar } from '../../src/erofs/export-tar.ts';
import { writeErofs } from '../../src/erofs/write-erofs.ts';
import { holes, pax10 } from '../tar/sparse-archive.ts';
import { bothForms } from './both-forms.ts';
import { everyKind } from './every-kind.ts';
import { mounted } from './mounted.ts';

guard();

requires({ on: ['host'], root: true, kernel: '6.12' })('a layer in one file', () => {
  it('shows every kind of entry as unpacking makes it', async () => {
    using folder = scratch('erofs');
    const { directory, image } = await bothForms(folder, archive(...everyKind()));
    expect(image).toEqual(directory);
    expect(image.length).toBeGreaterThan(40);
    using shown = mounted(folder.join('layer.image'));
    // To readdir(3) it would stand for no file.
    expect(statSync(shown.path).ino).not.toBe(0);
  });

  it('lies no deeper than what is unpacked, also where links make the way short', async () => {
    using folder = scratch('erofs');
    const path = 'a/'.repeat(300);
    const way = { name: 'x', type: '2', link: '/', pax: { path: `${path}k` } };
    const { directory, image } = await bothForms(
      folder,
      archive(way, { name: 'x', pax: { path: `${path}k/${'b/'.repeat(250)}f` } }),
    );
    expect(directory).toMatch(/^LAYER_INVALID.*deeper than 500 directories/);
    expect(image).toEqual(directory);
  });

  it('shows nothing behind the end of a file that is mapped into memory, whatever the archive has there', async () => {
    using folder = scratch('erofs');
    const files = [5, 5000].map((size) => {
      const bytes = entryBytes({ name: `${size}`, content: 'x'.repeat(size) });
      return bytes.fill('secret', bytes.length - 512 + (size % 512));
    });
    const sparse = pax10(holes);
    sparse.fill('secret', sparse.length - 512 + (holes.content.length % 512));
    const bytes = Buffer.concat([...files, sparse, archive({ name: 'next', content: 'n'.repeat(600) })]);
    await writeErofs(Readable.from([bytes]), folder.join('image'));
    using image = mounted(folder.join('image'));
    for (const [name, end] of [
      ['5', 'xxxxx'],
      ['5000', 'xxxxx'],
      ['holes', '\0\0\0\0\0'],
      ['next', 'nnnnn'],
    ] as const) {
      const { length, text } = behindEnd(`${image.path}/${name}`);
      expect([name, text]).toEqual([name, end.padEnd(length, '\0')]);
    }
    expect((await buffer(exportTar(folder.join('image')))).equals(bytes)).toBe(true);
  });

  it('holds 100000 names in one directory', { timeout: 60_000 }, async () => {
    using folder = scratch('erofs');
    const names = Array.from({ length: 100_000 }, (_, count) => `${(count * 7919) % 100_003}-${count % 97}`);
    await writeErofs(Readable.from(manyFiles(names)), folder.join('image'));
    using image = mounted(folder.join('image'));
    expect(readdirSync(`${image.path}/many`).sort()).toEqual(names.toSorted());
    for (const name of names.filter((_, index) => index % 50 === 0)) {
      expect(statSync(`${image.path}/many/${name}`).isFile()).toBe(true);
      expect(lstatSync(`${image.path}/many/${name}?`, { throwIfNoEntry: false })).toBeUndefined();
    }
  });

  it('keeps the holes of sparse files, without room on the disk', async () => {
    using folder = scratch('erofs');
    const size = 2 ** 35;
    const map = `2\n0\n3\n${size - 4}\n4\n`;
    const content = Buffer.concat([Buffer.from(map.padEnd(512, '\0')), Buffer.from('abcwxyz')]);
    const pax = {
      'GNU.sparse.major': '1',
      'GNU.sparse.minor': '0',
      'GNU.sparse.name': 'sparse',
      'GNU.sparse.realsize': `${size}`,
    };
    await writeErofs(layer({ name: 'GNUSparseFile.0/sparse', content, pax }), folder.join('image'));
    using image = mounted(folder.join('image'));
    expect(statSync(`${image.path}/sparse`).size).toBe(size);
    expect([ends(`${image.path}/sparse`, 0), ends(`${image.path}/sparse`, size - 8)]).toEqual([
      'abc\0\0\0\0\0',
      '\0\0\0\0wxyz',
    ]);
    expect(statSync(folder.join('image')).blocks * 512).toBeLessThan(64 * 1024);
  });

  it('follows long symbolic links, of up to 4095 bytes', async () => {
    using folder = scratch('erofs');
    const targets = [1, 400, 446, 447, 448, 449, 512, 4095].map((size) => 'abcdefg/'.repeat(512).slice(0, size));
    const links = targets.map((linkpath) => ({ name: `${linkpath.length}`, type: '2', link: 'x', pax: { linkpath } }));
    await writeErofs(layer(...links), folder.join('image'));
    using image = mounted(folder.join('image'));
    for (const target of targets) expect(readlinkSync(`${image.path}/${target.length}`)).toBe(target);
    const tooLong = layer({ name: 'l', type: '2', link: 'x', pax: { linkpath: 'x'.repeat(4096) } });
    await expect(writeErofs(tooLong, folder.join('other'))).rejects.toMatchObject({ code: 'LAYER_INVALID' });
  });

  it('may be made of an archive that ends in the middle of a block, or has no bytes', async () => {
    using folder = scratch('erofs');
    const pax = { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '9000' };
    const content = Buffer.concat([Buffer.from('1\n8000\n100\n'.padEnd(512, '\0')), Buffer.alloc(100, 's')]);
    const sparse = entryBytes({ name: 'sparse', content, pax });
    const whole = Buffer.concat([sparse, entryBytes({ name: 'file', content: 'x'.repeat(700) })]);
    for (const cut of [whole.length, whole.length - 300, sparse.length - 300]) {
      const forms = await bothForms(folder, whole.subarray(0, cut), { name: `${cut}` });
      expect(forms.image).toEqual(forms.directory);
    }
    const empty = await bothForms(folder, Buffer.alloc(0), { name: 'empty' });
    expect(empty.image).toEqual(empty.directory);
  });
});

/** It takes half a minute and 4.5 GiB of the disk: in CI, and when asked for. */
const large = process.env.ESTIBA_LARGE === '1' ? requires : () => () => {};

large({ on: ['host'], root: true, kernel: '6.12' })('a layer beyond 4 GiB in one file', () => {
  it('shows files that lie and are beyond', { timeout: 600_000 }, async () => {
    using folder = scratch('erofs');
    const size = 4.5 * 2 ** 30;
    async function* large() {
      yield entryBytes({ name: 'before', content: 'first' });
      yield entryBytes({ name: 'large', pax: { size: `${size}` }, size: 0 });
      const zeros = Buffer.alloc(2 ** 20);
      for (let at = 0; at < size - zeros.length; at += zeros.length) yield zeros;
      yield Buffer.alloc(zeros.length, 'z');
      yield archive({ name: 'behind', content: 'last' });
    }
    await writeErofs(Readable.from(large()), folder.join('image'));
    using image = mounted(folder.join('image'));
    expect(statSync(`${image.path}/large`).size).toBe(size);
    expect(ends(`${image.path}/large`, size - 2 ** 20 - 4)).toBe('\0\0\0\0zzzz');
    expect(readFileSync(`${image.path}/behind`, 'utf8')).toBe('last');
  });
});

function* manyFiles(names: readonly string[]): Generator<Buffer> {
  for (let at = 0; at < names.length; at += 1000) {
    yield Buffer.concat(names.slice(at, at + 1000).map((name) => entryBytes({ name: `many/${name}` })));
  }
  yield endOfArchive;
}

/** The last five bytes of a file and those that a page of memory has behind them. mmap(2) */
function behindEnd(path: string): { length: number; text: string } {
  const [PROT_READ, MAP_PRIVATE, MAP_FIXED, MAP_ANONYMOUS] = [1, 0x02, 0x10, 0x20];
  const fd = openSync(path, 'r');
  const memory = openSync('/proc/self/mem', 'r');
  try {
    const { size } = fstatSync(fd);
    const whole = Math.ceil(size / 4096) * 4096;
    const map = syscall('mmap', 0, whole, PROT_READ, MAP_PRIVATE, fd, 0);
    const address = perform([map]).of(map);
    const bytes = Buffer.alloc(whole - size + 5);
    readSync(memory, bytes, 0, bytes.length, address + size - 5);
    // Anything else in its place, so that the file is let go.
    perform([syscall('mmap', address, whole, 0, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0)]);
    return { length: bytes.length, text: bytes.toString('latin1') };
  } finally {
    closeSync(memory);
    closeSync(fd);
  }
}

/** Eight bytes of a file. */
function ends(path: string, position: number): string {
  const fd = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(8);
    return bytes.toString('latin1', 0, readSync(fd, bytes, 0, 8, position));
  } finally {
    closeSync(fd);
  }
}
