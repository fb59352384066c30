/**
 * Content that the archive does not hold in one piece, written behind it: sparse files, whose holes are holes of the image
 * as well, and files of layers below that the layer has hard links to.
 */
import { closeSync } from 'node:fs';
import type { Breaks } from '../layer/breaks.ts';
import type { Limits } from '../layer/limits.ts';
import { dataIn, type LowerView, openFound } from '../layer/lower-view.ts';
import type { Extent } from '../tar/tar-entry.ts';
import type { ImageFile } from './image-file.ts';
import type { Inode } from './inode.ts';

interface Stored {
  readonly stored: number;
  readonly extents: readonly Extent[];
}

interface Below {
  /** A path there. */
  readonly below: string;
  /** Of the entry that has a link to it. */
  readonly name: Buffer;
}

type Source = Stored | Below;

interface Piece {
  readonly inodes: Inode[];
  readonly source: Source;
}

const blockSize = 512;
const pieceSize = 1024 * 1024;

export class Appendix {
  readonly #lower: LowerView | undefined;
  readonly #limits: Limits;
  readonly #pieces: Piece[] = [];
  readonly #below = new Map<string, Piece>();

  constructor(lower: LowerView | undefined, limits: Limits) {
    this.#lower = lower;
    this.#limits = limits;
  }

  /** `stored` is where in the image the bytes of its extents stand, back to back. */
  addSparse(inode: Inode, stored: number, extents: readonly Extent[]): void {
    this.#pieces.push({ inodes: [inode], source: { stored, extents } });
  }

  /** For the entry of that name. However often a layer links to the same file, it is copied once. */
  addBelow(inode: Inode, path: string, name: Buffer): void {
    const known = this.#below.get(path);
    if (known !== undefined) {
      known.inodes.push(inode);
      return;
    }
    const piece = { inodes: [inode], source: { below: path, name } };
    this.#below.set(path, piece);
    this.#pieces.push(piece);
  }

  /** Gives everything its place, behind `from`. The end of it all, in bytes. */
  arrange(from: number): number {
    // An archive need not end where a block does: what fills its last one may be left out.
    let at = Math.ceil(from / blockSize) * blockSize;
    for (const { inodes } of this.#pieces) {
      for (const inode of inodes) inode.position = at;
      at += Math.ceil((inodes[0]?.size ?? 0) / blockSize) * blockSize;
    }
    return at;
  }

  async write(file: ImageFile, breaks: Breaks): Promise<void> {
    for (const { inodes, source } of this.#pieces) {
      const position = inodes[0]?.position ?? 0;
      if ('below' in source) await this.#copy(file, source, position, breaks);
      else await spread(file, source, position, breaks);
    }
  }

  /** Holes stay holes: a file may have more of them than a disk has room. */
  async #copy(file: ImageFile, { below, name }: Below, position: number, breaks: Breaks): Promise<void> {
    const opened = this.#lower?.look(below, openFound);
    if (opened === undefined) return;
    try {
      for (const { offset, bytes } of dataIn(opened)) {
        this.#limits.countBytes({ name }, bytes.length);
        file.write(bytes, position + offset);
        if (breaks.isDue) await breaks.take();
      }
    } finally {
      closeSync(opened.file);
    }
  }
}

async function spread(file: ImageFile, { stored, extents }: Stored, position: number, breaks: Breaks): Promise<void> {
  const longest = extents.reduce((most, { length }) => Math.max(most, length), 0);
  const bytes = Buffer.allocUnsafe(Math.min(pieceSize, longest));
  let from = stored;
  for (const { offset, length } of extents) {
    for (let done = 0; done < length; ) {
      const piece = file.read(bytes.subarray(0, Math.min(pieceSize, length - done)), from);
      file.write(piece, position + offset + done);
      from += piece.length;
      done += piece.length;
      if (breaks.isDue) await breaks.take();
    }
  }
}
