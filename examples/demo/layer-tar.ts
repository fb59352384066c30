import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Digest, digestOf } from '@estiba/image-spec';
import { Header } from 'tar';

export interface LayerEntry {
  /** Relative to the root of the image. */
  readonly path: string;
  readonly type: 'Directory' | 'File' | 'SymbolicLink';
  readonly mode?: number;
  /** Of a file. */
  readonly content?: Buffer;
  /** Of a symbolic link. */
  readonly target?: string;
}

const block = 512;

/** A layer as registries hold them. Owned by root and dated 1970, so that equal content has an equal digest. */
export async function layerTar(entries: readonly LayerEntry[]): Promise<{ compressed: Buffer; diffId: Digest }> {
  const once = new Map(entries.map((entry) => [entry.path, entry]));
  const sorted = [...once.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  const tar = Buffer.concat([...sorted.flatMap(blocksOf), Buffer.alloc(2 * block)]);
  return { compressed: await promisify(gzip)(tar, { level: 6 }), diffId: await digestOf(tar) };
}

function blocksOf({ path, type, mode, content = Buffer.alloc(0), target }: LayerEntry): Buffer[] {
  const header = new Header({
    path: type === 'Directory' ? `${path}/` : path,
    mode: mode ?? (type === 'SymbolicLink' ? 0o777 : 0o755),
    type,
    size: content.length,
    uid: 0,
    gid: 0,
    mtime: new Date(0),
    ...(target !== undefined && { linkpath: target }),
  });
  if (header.encode()) throw new Error(`cannot pack ${path}: the name needs more than a plain tar header`);
  return [header.block ?? Buffer.alloc(0), content, Buffer.alloc((block - (content.length % block)) % block)];
}
