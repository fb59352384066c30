import { join } from 'node:path';
import { type Digest, digestParts, parseDigest } from '../digest.ts';

/**
 * What is where in a layout. The upper half is that of the specification; other programs pass over the rest.
 *
 *     oci-layout                     the version
 *     index.json                     the names
 *     blobs/sha256/<encoded>         content; everything in there is whole
 *     .ingest/<owner>                being written, of no known digest
 *     .ingest/sha256-<encoded>.part  being written, or left by who could not finish: the next one goes on
 *     .ingest/sha256-<encoded>.lock  who writes that
 *     .ingest/layout.lock            who changes names or leases, or removes blobs
 *     .leases/<owner>                what a process needs that has no name yet
 */
export function blobPath(layout: string, digest: Digest): string {
  const [algorithm, encoded] = digestParts(digest);
  return join(layout, 'blobs', algorithm, encoded);
}

/** Where blobs are while they are being written: outside of `blobs`, in which everything is whole. */
export function ingestDirectory(layout: string): string {
  return join(layout, '.ingest');
}

/** Of a blob that can be continued by another process. */
export function partPath(layout: string, digest: Digest): string {
  return join(ingestDirectory(layout), `${fileName(digest)}.part`);
}

export function blobLockPath(layout: string, digest: Digest): string {
  return join(ingestDirectory(layout), `${fileName(digest)}.lock`);
}

export function layoutLockPath(layout: string): string {
  return join(ingestDirectory(layout), 'layout.lock');
}

export function leaseDirectory(layout: string): string {
  return join(layout, '.leases');
}

function fileName(digest: Digest): string {
  return parseDigest(digest).replace(':', '-');
}
