import { PassThrough } from 'node:stream';
import type { Digest } from '../digest.ts';
import { Verifier } from '../verifier.ts';
import { type Compression, uncompressed } from '../view/uncompressed.ts';

export interface LayerMeasures {
  readonly digest: Digest;
  /** As stored, in bytes. */
  readonly size: number;
  readonly diffId: Digest;
  readonly compression: Compression;
}

/**
 * Reads a layer once, and works out both of its digests. `pass` gets the layer as it is, has to read all of it, and may put it
 * somewhere. Throws LAYER_INVALID for one that cannot be decompressed.
 */
export async function measureLayer(
  content: AsyncIterable<Uint8Array>,
  pass: (content: AsyncIterable<Uint8Array>) => Promise<unknown> = drain,
): Promise<LayerMeasures> {
  const stored = new Verifier();
  const branch = new PassThrough({ highWaterMark: 1024 * 1024 });
  const diff = diffOf(branch);
  // Looked at after the other branch; until then its failure must not count as unhandled.
  diff.catch(() => {});
  try {
    await pass(tee(content, stored, branch));
  } catch (error) {
    branch.destroy();
    throw error;
  }
  return { ...stored.finish(), ...(await diff) };
}

async function* tee(
  content: AsyncIterable<Uint8Array>,
  stored: Verifier,
  branch: PassThrough,
): AsyncGenerator<Uint8Array> {
  for await (const piece of content) {
    stored.update(piece);
    if (!branch.destroyed && !branch.write(piece)) await roomIn(branch);
    yield piece;
  }
  branch.end();
}

async function diffOf(stored: AsyncIterable<Uint8Array>): Promise<{ diffId: Digest; compression: Compression }> {
  const { compression, pieces } = await uncompressed(stored);
  const diff = new Verifier();
  for await (const piece of pieces) diff.update(piece);
  return { diffId: diff.finish().digest, compression };
}

/** Or nobody reads it any more. */
function roomIn(branch: PassThrough): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      branch.off('drain', go).off('close', go);
      resolve();
    };
    branch.on('drain', go).on('close', go);
  });
}

async function drain(content: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _piece of content);
}
