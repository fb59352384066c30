/** Holes stay holes: in what is unpacked, and in what is taken along from below. */
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, lstatSync, mkdirSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { Readable } from 'node:stream';
import { guard, requires, type Scratch, scratch } from '@estiba/testkit';
import { layer } from '@estiba/testkit/archive';
import { expect, it } from 'vitest';
import { applyLayer } from '../../src/layer/apply-layer.ts';
import { dataExtents } from '../../src/layer/data-extents.ts';

guard();

const large = 3 * 2 ** 30;

/** With parts at the beginning, in the middle behind 2 GiB, and a hole at the end. */
function makeSparse(path: string): void {
  const fd = openSync(path, 'w');
  writeSync(fd, 'begin', 0);
  writeSync(fd, Buffer.alloc(70_000, 'm'), 0, 70_000, 2.5 * 2 ** 30 + 1234);
  ftruncateSync(fd, large);
  closeSync(fd);
}

function expectSparse(path: string): void {
  const { size, blocks } = lstatSync(path);
  expect(size).toBe(large);
  expect(blocks * 512).toBeLessThan(400_000);
  const fd = openSync(path, 'r');
  const piece = Buffer.alloc(70_010);
  readSync(fd, piece, 0, 5, 0);
  expect(piece.toString('latin1', 0, 6)).toBe('begin\0');
  readSync(fd, piece, 0, 70_010, 2.5 * 2 ** 30 + 1229);
  expect(piece.equals(Buffer.concat([Buffer.alloc(5), Buffer.alloc(70_000, 'm'), Buffer.alloc(5)]))).toBe(true);
  closeSync(fd);
}

requires({ on: ['host', 'uml'], command: 'tar' })('a sparse file from GNU tar', () => {
  it.each([
    ['1.0', ['--format=posix', '--sparse-version=1.0']],
    ['0.1', ['--format=posix', '--sparse-version=0.1']],
    ['0.0', ['--format=posix', '--sparse-version=0.0']],
    ['before 2003', ['--format=gnu']],
  ])('in format %s has its holes back, wherever the stream is cut', async (_, format) => {
    using folder = scratch('sparse');
    for (const name of ['source', 'root', 'pieces']) mkdirSync(folder.join(name));
    makeSparse(folder.join('source/f'));
    const bytes = execFileSync('tar', ['--sparse', ...format, '-C', folder.join('source'), '-cf', '-', 'f'], {
      maxBuffer: 2 ** 24,
    });
    expect(bytes.length).toBeLessThan(2 ** 20);
    await applyLayer(Readable.from([bytes]), folder.join('root'), { maxBytes: 2 ** 20 });
    expectSparse(folder.join('root/f'));
    await applyLayer(Readable.from(inPieces(bytes, 999)), folder.join('pieces'));
    expectSparse(folder.join('pieces/f'));
  });

  it('with many holes is the same as before', async () => {
    using folder = scratch('sparse');
    for (const name of ['source', 'root']) mkdirSync(folder.join(name));
    const fd = openSync(folder.join('source/f'), 'w');
    for (let at = 0; at < 200; at++) writeSync(fd, `part ${at}`, at * 8192 + (at % 3) * 100);
    ftruncateSync(fd, 200 * 8192);
    closeSync(fd);
    const bytes = execFileSync('tar', ['--sparse', '-C', folder.join('source'), '-cf', '-', '.'], {
      maxBuffer: 2 ** 24,
    });
    await applyLayer(Readable.from([bytes]), folder.join('root'));
    const [ours, source] = ['root/f', 'source/f'].map((path) => readFileSync(folder.join(path)));
    expect(ours?.equals(source as Buffer)).toBe(true);
    const blocks = ['root/f', 'source/f'].map((path) => lstatSync(folder.join(path)).blocks);
    expect(blocks[0]).toBe(blocks[1]);
  });
});

requires({ on: ['host', 'uml'] })('a file of below that is linked to', () => {
  it('is taken along with its holes, of which there may be more than the limit on bytes allows', async () => {
    using folder = scratch('sparse');
    for (const name of ['below', 'root']) mkdirSync(folder.join(name));
    makeSparse(folder.join('below/f'));
    await linkTo(folder, 2 ** 20);
    expectSparse(folder.join('root/f'));
    expect(lstatSync(folder.join('root/h')).ino).toBe(lstatSync(folder.join('root/f')).ino);
  });

  it('counts as content of the layer: many of them do not get past the limit', async () => {
    using folder = scratch('sparse');
    for (const name of ['below', 'root']) mkdirSync(folder.join(name));
    makeSparse(folder.join('below/f'));
    await expect(linkTo(folder, 50_000)).rejects.toMatchObject({ code: 'LAYER_TOO_LARGE', entry: 'h' });
    // What was begun is not left to be found as a whole.
    expect(lstatSync(folder.join('root/f')).size).toBeLessThan(lstatSync(folder.join('below/f')).size);
  });
});

requires({ on: ['host', 'uml'] })('the parts of a file that are not holes', () => {
  it('are none of an empty file, and of one that is a hole; all of one without holes', () => {
    using folder = scratch('sparse');
    const fd = openSync(folder.join('f'), 'w+');
    expect([...dataExtents(fd, 0)]).toEqual([]);
    ftruncateSync(fd, 2 ** 20);
    expect([...dataExtents(fd, 2 ** 20)]).toEqual([]);
    writeSync(fd, Buffer.alloc(2 ** 20, 'x'), 0, 2 ** 20, 0);
    expect([...dataExtents(fd, 2 ** 20)]).toEqual([{ offset: 0, length: 2 ** 20 }]);
    closeSync(fd);
  });
});

function linkTo(folder: Scratch, maxBytes: number) {
  return applyLayer(layer({ name: 'h', type: '1', link: 'f' }), folder.join('root'), {
    whiteouts: 'overlay',
    lower: [folder.join('below')],
    maxBytes,
  });
}

function* inPieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
