import { expect, it } from 'vitest';
import { writeDirectory } from '../../src/erofs/disk-directory.ts';
import { ImageDirectory } from '../../src/erofs/image-directory.ts';
import type { IndexWriter } from '../../src/erofs/index-writer.ts';
import { Inode, ordinary } from '../../src/erofs/inode.ts';

it('a name that no block holds is an error, and not gone over for ever', () => {
  const directory = new ImageDirectory('', undefined, ordinary);
  const name = 'n'.repeat(501);
  directory.names.set(name, new Inode('file', ordinary));
  const writer = { bytes: Buffer.alloc(512), room: () => 0 } as unknown as IndexWriter;
  expect(() => writeDirectory(writer, 0, directory, ['.', '..', name])).toThrow(RangeError);
});
