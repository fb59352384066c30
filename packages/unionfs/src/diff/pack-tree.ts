import type { Readable } from 'node:stream';
import { archiveStream } from './archive-stream.ts';
import { nothing } from './equality.ts';
import { Folder } from './folder.ts';
import { Packer, type PackOptions } from './packer.ts';
import { refuseMarks } from './unreadable.ts';

/**
 * Everything in a directory as a tar archive, the directory itself first: the same tree makes the same bytes. Names are in
 * the order of their bytes; names of one file after its first are hard links; holes stay holes.
 *
 * Memory does not grow with the size of files. Names are resolved by the kernel, one by one, without following links. Needs
 * Linux 5.6 and leave to read everything (root, as a rule). The stream fails with a UnionfsError: TREE_UNSUPPORTED for what
 * no layer can say (a name that begins with `.wh.`, something mounted inside, a file that is changed meanwhile),
 * LAYER_REFUSED for what cannot be read. It opens nothing before it is read, and closes everything when it is destroyed.
 */
export function packTree(directory: string, options: PackOptions = {}): Readable {
  const packer = new Packer(options);
  return archiveStream(() => packAll(directory, packer), options.signal);
}

function* packAll(directory: string, packer: Packer): Generator<Buffer> {
  using root = Folder.open(directory);
  yield* packer.pack(root.self());
  yield* packInside(root, packer);
  yield* packer.finish();
}

function* packInside(folder: Folder, packer: Packer): Generator<Buffer> {
  for (const name of folder.names()) {
    const item = folder.look(name);
    refuseMarks(item);
    yield* packer.pack(item);
    yield nothing;
    if (item.type !== 'directory') continue;
    using inner = folder.enter(name);
    yield* packInside(inner, packer);
  }
}
