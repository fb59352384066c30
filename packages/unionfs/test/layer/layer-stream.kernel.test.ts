import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { guard, requires, scratch } from '@estiba/testkit';
import { archive, entryBytes, layer } from '@estiba/testkit/archive';
import { expect, it } from 'vitest';
import { applyLayer } from '../../src/layer/apply-layer.ts';

guard();

requires({ on: ['host', 'uml'] })('a layer on its way', () => {
  it.each([
    ['gzip', gzipSync],
    [
      'two gzip members',
      (bytes: Buffer) => Buffer.concat([gzipSync(bytes.subarray(0, 700)), gzipSync(bytes.subarray(700))]),
    ],
    ['zstd', zstdCompressSync],
    ['no compression', (bytes: Buffer) => bytes],
  ])('unpacks from %s, told by its first bytes', async (_, compress) => {
    using folder = scratch('apply');
    const bytes = archive({ name: 'file', content: 'x'.repeat(3000) });
    const { diffId, size } = await applyLayer(Readable.from([compress(bytes)]), folder.path);
    expect({ diffId, size }).toEqual({ diffId: sha256(bytes), size: bytes.length });
    expect(readFileSync(folder.join('file'), 'utf8')).toBe('x'.repeat(3000));
  });

  it('arrives in single bytes just as well', async () => {
    using folder = scratch('apply');
    const bytes = gzipSync(archive({ name: 'a/b', content: 'hello' }));
    await applyLayer(Readable.from([...bytes].map((byte) => Buffer.from([byte]))), folder.path);
    expect(readFileSync(folder.join('a/b'), 'utf8')).toBe('hello');
  });

  it('counts what follows the end of its archive into its digest', async () => {
    using folder = scratch('apply');
    const bytes = Buffer.concat([archive({ name: 'x' }), Buffer.alloc(5000)]);
    expect((await applyLayer(Readable.from([bytes]), folder.path)).diffId).toBe(sha256(bytes));
  });

  it('is refused when its digest is another one', async () => {
    using folder = scratch('apply');
    const expected = `sha256:${'0'.repeat(64)}`;
    await expect(applyLayer(layer({ name: 'x' }), folder.path, { expect: expected })).rejects.toMatchObject({
      code: 'LAYER_MISMATCH',
    });
  });

  it('leaves no descriptor open, whether it works or not', async () => {
    using folder = scratch('apply');
    const before = readdirSync('/proc/self/fd').length;
    await applyLayer(layer({ name: 'a/b/c', content: 'x', pax: { mtime: '1.5' } }), folder.path);
    const cut = archive(
      { name: 'a/x', content: 'x', pax: { mtime: '1.5' } },
      { name: 'b/y', content: 'y'.repeat(999) },
    );
    await expect(applyLayer(Readable.from([cut.subarray(0, 3000)]), folder.path)).rejects.toThrow('cut off');
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });

  it('stops when it is aborted, though its source has nothing to say', async () => {
    using folder = scratch('apply');
    const stalled = new Readable({ read() {} });
    stalled.push(entryBytes({ name: 'x' }));
    const abort = new AbortController();
    const applied = applyLayer(stalled, folder.path, { signal: abort.signal });
    setTimeout(() => abort.abort(new Error('enough')), 20);
    await expect(applied).rejects.toThrow('enough');
    expect(stalled.destroyed).toBe(true);
  });

  it('passes on what went wrong with its source', async () => {
    using folder = scratch('apply');
    const source = Readable.from(
      (async function* () {
        yield gzipSync(entryBytes({ name: 'x' })).subarray(0, 20);
        throw new Error('the registry hung up');
      })(),
    );
    await expect(applyLayer(source, folder.path)).rejects.toThrow('the registry hung up');
  });
});

requires({ on: ['host', 'uml'] })('bytes that are no layer', () => {
  it.each([
    [
      'a gzip stream that is cut off',
      gzipSync(archive({ name: 'x', content: 'y'.repeat(4000) })).subarray(0, 60),
      'cut off',
    ],
    ['a gzip stream with a wrong checksum', corrupted(gzipSync(archive({ name: 'x' }))), 'cannot decompress the layer'],
    [
      'a zstd stream that is cut off',
      zstdCompressSync(archive({ name: 'x', content: 'y'.repeat(4000) })).subarray(0, 60),
      'cut off',
    ],
    ['an xz stream', Buffer.from('fd377a585a000004', 'hex'), 'compressed by xz; use gzip or zstd'],
    ['a text', Buffer.alloc(600, 'hello '), 'checksum'],
  ])('%s is refused', async (_, bytes, message) => {
    using folder = scratch('bad');
    await expect(applyLayer(Readable.from([bytes]), folder.path, { owner: 'self' })).rejects.toMatchObject({
      code: 'LAYER_INVALID',
      message: expect.stringContaining(message),
    });
  });

  it('are not asked for when the directory is missing', async () => {
    await expect(applyLayer(layer({ name: 'x' }), '/nonexistent/directory')).rejects.toMatchObject({
      code: 'LAYER_REFUSED',
    });
  });
});

function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function corrupted(bytes: Buffer): Buffer {
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 6) ^ 1, bytes.length - 6);
  return bytes;
}
