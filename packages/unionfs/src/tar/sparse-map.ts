/** What an archive says about a sparse file, whichever of four ways it says it in: where the bytes that it has belong. */
import type { Extents } from './extents.ts';

/**
 *     header (old GNU) | map, continued | content
 *     extended header (PAX 0.0, 0.1) | header | content
 *     extended header (PAX 1.0) | header | map | content
 *
 * https://www.gnu.org/software/tar/manual/html_node/Sparse-Formats.html
 */
export interface SparseMap {
  /** Bytes that a reader of the file sees. */
  readonly size: number;
  readonly extents: Extents;
  /** Whether the next block of the archive belongs to the map. */
  readonly more: boolean;
  /** Bytes of the map that the header counts as content. */
  readonly counted: number;
  /** Reads the next block of the map. */
  read(block: Buffer): void;
}
