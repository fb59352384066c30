import type { Readable } from 'node:stream';
import type { Descriptor } from './descriptor.ts';
import { maxDocumentBytes } from './document.ts';
import { ImageSpecError } from './error.ts';
import { Verifier } from './verifier.ts';

export interface BlobOptions {
  readonly signal?: AbortSignal | undefined;
  /** The first byte wanted; 0 unless told. */
  readonly start?: number | undefined;
}

/** Content by digest: the one interface that stores, registries and tests all speak. */
export interface BlobSource {
  /** Rejects with BLOB_MISSING where the source does not have it. */
  blob(descriptor: Descriptor, options?: BlobOptions): Promise<Readable>;
}

/**
 * The bytes of a manifest, index or config, verified. Throws DOCUMENT_TOO_LARGE, SIZE_MISMATCH, DIGEST_MISMATCH, DIGEST_UNSUPPORTED.
 */
export async function readDocument(
  source: BlobSource,
  descriptor: Descriptor,
  options: BlobOptions = {},
): Promise<Buffer> {
  if (descriptor.size > maxDocumentBytes) {
    const { digest, size } = descriptor;
    throw new ImageSpecError(
      'DOCUMENT_TOO_LARGE',
      `cannot read ${digest}: ${size} bytes, at most ${maxDocumentBytes} are read`,
    );
  }
  // That it is not there comes before that nobody could verify it.
  let verifier: Verifier | undefined;
  const chunks: Uint8Array[] = [];
  for await (const chunk of await source.blob(descriptor, options)) {
    verifier ??= new Verifier(descriptor);
    verifier.update(chunk);
    chunks.push(chunk);
  }
  (verifier ?? new Verifier(descriptor)).finish();
  return Buffer.concat(chunks);
}
