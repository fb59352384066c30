import type { Readable } from 'node:stream';
import type { IdMaps } from '../layer/id-maps.ts';
import { archiveStream } from './archive-stream.ts';
import { packChanges } from './changes.ts';
import { Packer, type PackOptions } from './packer.ts';
import { packUpper } from './upper.ts';

export interface UpperOptions extends PackOptions {
  /** The upper directory of an overlay, best not mounted any more. */
  readonly upper: string;
  /** The directories below it, the topmost first. */
  readonly lower?: readonly string[];
  /** By which the owners of what is in `lower` were shown while `upper` was written to. */
  readonly lowerIdmap?: IdMaps;
  /** Leave out what overlayfs copied up and nobody changed; takes `lower`. */
  readonly dropEqual?: boolean;
  /**
   * Where overlayfs keeps its marks: `user` when it was mounted with `userxattr`. Default: where a mount by this process
   * has them; marks found in the other are refused, as they may be somebody's ordinary attributes.
   */
  readonly namespace?: 'trusted' | 'user';
}

export interface ChangesOptions extends PackOptions {
  readonly before: string;
  readonly after: string;
  /** `compare` also reads files whose attributes are all the same, times included. Default: `trust` the times. */
  readonly content?: 'trust' | 'compare';
}

export type DiffOptions = UpperOptions | ChangesOptions;

/**
 * A layer: a tar archive with what is new or different, and whiteouts for what is gone. Directories that lead to a change are
 * listed with their attributes; a directory comes before what it hides, and that before what is in it.
 * https://github.com/opencontainers/image-spec/blob/main/layer.md#change-types
 *
 * Of an upper directory, everything that is in it. Throws where something of it is elsewhere (redirect_dir, metacopy, index).
 * Of two trees, what differs in type, owner, mode, time, size, device, link target, extended attributes, or in which names
 * are one file; names that are one file are sent together if one of them has joined. Files of the same size and time are
 * taken for the same, or read when `content` is `compare`.
 *
 * For everything else see packTree. Reading `trusted.` marks needs CAP_SYS_ADMIN.
 */
export function diffLayer(options: DiffOptions): Readable {
  const packer = new Packer(options);
  const pieces = 'upper' in options ? () => packUpper(options, packer) : () => packChanges(options, packer);
  return archiveStream(pieces, options.signal);
}
