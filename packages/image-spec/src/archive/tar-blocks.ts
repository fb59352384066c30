import type { HeaderData } from 'tar/header';

/** Headers of an archive that is always the same of the same images: no times, no owners. */
export async function tarBlocks(): Promise<TarBlocks> {
  const [{ Header }, { Pax }] = await Promise.all([import('tar/header'), import('tar/pax')]);
  const header = (data: HeaderData & { path: string }) => {
    // Names of sha512 do not fit. Sizes beyond 8 GiB do, in binary, which all readers know.
    const isLong = data.path.length > 100;
    const block = Buffer.alloc(blockBytes);
    new Header({ uid: 0, gid: 0, mtime: new Date(0), ...data, path: data.path.slice(isLong ? -99 : 0) }).encode(block);
    return isLong ? Buffer.concat([new Pax({ path: data.path }).encode(), block]) : block;
  };
  return {
    folder: (path) => header({ path, type: 'Directory', mode: 0o755, size: 0 }),
    file: (path, size) => header({ path, type: 'File', mode: 0o644, size }),
    padding: (size) => Buffer.alloc((blockBytes - (size % blockBytes)) % blockBytes),
    end: Buffer.alloc(2 * blockBytes),
  };
}

export interface TarBlocks {
  folder(path: string): Buffer;
  file(path: string, size: number): Buffer;
  /** What follows a content of that size. */
  padding(size: number): Buffer;
  readonly end: Buffer;
}

const blockBytes = 512;
