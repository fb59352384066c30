export type UnionfsErrorCode =
  /** The kernel cannot, or may not, mount an overlay like this. */
  | 'OVERLAY_UNSUPPORTED'
  /** The layer is not a tar archive, is cut off, or contradicts itself. */
  | 'LAYER_INVALID'
  /** An entry of the layer names something outside the layer. */
  | 'LAYER_ESCAPES'
  /** The layer goes beyond a limit on entries or bytes. */
  | 'LAYER_TOO_LARGE'
  /** The content is another one than was asked for. */
  | 'LAYER_MISMATCH'
  /** The file system refused what an entry asks for: no room, no right, no support. */
  | 'LAYER_REFUSED'
  /** There is no layer with that chain id in the store. */
  | 'LAYER_MISSING'
  /** Another layer or a snapshot stands on it, or it is being made. */
  | 'LAYER_BUSY'
  /** A tree has something that no layer can say, or that is not what overlayfs leaves there. */
  | 'TREE_UNSUPPORTED'
  /** A note of the store cannot be read, or the place of a layer is taken. */
  | 'STORE_DAMAGED'
  | 'SNAPSHOT_EXISTS'
  | 'SNAPSHOT_MISSING'
  /** The snapshot is mounted somewhere. */
  | 'SNAPSHOT_BUSY'
  | 'VOLUME_EXISTS'
  | 'VOLUME_MISSING'
  /** The volume is in use. */
  | 'VOLUME_BUSY'
  /** A chain id, snapshot name or option cannot be what it is. */
  | 'NAME_INVALID';

/** What is wrong with a layer, a snapshot or an overlay. */
export class UnionfsError extends Error {
  override readonly name = 'UnionfsError';
  readonly code: UnionfsErrorCode;
  /** The entry of the layer it is about, as it is written in the archive. */
  readonly entry?: string;

  constructor(code: UnionfsErrorCode, message: string, options: { entry?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.entry !== undefined) this.entry = options.entry;
  }
}
