import type { TarEntry } from '../../src/tar/tar-entry.ts';
import { TarReader } from '../../src/tar/tar-reader.ts';

export interface Collected extends TarEntry {
  readonly content: Buffer;
}

/** All entries of an archive that arrives in pieces of the given size. */
export function collect(bytes: Buffer, pieceSize = bytes.length): Collected[] {
  const entries: Collected[] = [];
  let entry: TarEntry | undefined;
  let parts: Buffer[] = [];
  const reader = new TarReader({
    entry: (next) => {
      entry = next;
      parts = [];
    },
    // A copy, and the piece is wiped below: nothing may lean on memory of the caller's.
    data: (piece) => void parts.push(Buffer.from(piece)),
    end: () => void entries.push({ ...(entry as TarEntry), content: Buffer.concat(parts) }),
  });
  for (let at = 0; at < bytes.length; at += pieceSize) {
    const piece = Buffer.from(bytes.subarray(at, at + pieceSize));
    reader.push(piece);
    piece.fill(0xff);
  }
  reader.finish();
  return entries;
}
