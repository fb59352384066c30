/** Whether the kernel mounts images of ours in a directory: found out by doing it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { open, out, perform, syscall } from '@estiba/syscalls';
import { erofsTree } from '../steps/erofs.ts';
import { ImageDirectory } from './image-directory.ts';
import { ImageFile } from './image-file.ts';
import { archiveStart, imageHeader, mark } from './image-header.ts';
import { arrangeIndex, writeIndex } from './image-index.ts';
import { Inode, ordinary } from './inode.ts';
import { mountImage } from './mount-image.ts';

export type ErofsSupport =
  | { readonly supported: true; readonly through: 'file' | 'loop device' }
  | { readonly supported: false; readonly reason: string };

/**
 * Makes a tiny image in that directory, mounts it where nobody sees it, and reads a file of it. It takes root of the machine,
 * and Linux 6.12 with EROFS_FS_BACKED_BY_FILE and a file system that lets the kernel read its files (tmpfs and overlayfs do
 * not), or a loop device and Linux 6.4, the first that reads blocks of 512 bytes. Throws only where the directory cannot be
 * written to.
 */
export async function erofsSupport(directory: string): Promise<ErofsSupport> {
  const folder = await mkdtemp(join(directory, '.erofs-'));
  try {
    const image = join(folder, 'image');
    await writeSample(image);
    return readSample(image, directory);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const sample = 'sample';

/** One file, which has the beginning of the image itself for its content. */
async function writeSample(path: string): Promise<void> {
  using image = ImageFile.create(path);
  const root = new ImageDirectory('', undefined, ordinary);
  const file = new Inode('file', ordinary);
  file.size = mark.length;
  root.names.set(sample, file);
  const index = arrangeIndex(root, archiveStart);
  await writeIndex(image, index);
  image.complete(index.end, imageHeader({ diffId: '', size: 0 }, index));
  image.keep();
}

function readSample(image: string, directory: string): ErofsSupport {
  try {
    const { result, through } = mountImage(image, readMark);
    if (result.equals(mark)) return { supported: true, through };
    return { supported: false, reason: 'what it mounts does not read back as what was written' };
  } catch (error) {
    return { supported: false, reason: reasonFor(error as NodeJS.ErrnoException, directory) };
  }
}

function readMark(image: string): Buffer {
  const { steps, tree } = erofsTree(image);
  const file = open(sample, ['rdonly', 'nofollow'], { at: tree });
  const memory = out(mark.length);
  return Buffer.from(perform([...steps, file, syscall('read', file, memory, mark.length)]).bytes(memory));
}

function reasonFor({ code = '', message }: NodeJS.ErrnoException, directory: string): string {
  switch (code) {
    case 'ENODEV':
      return `this kernel (${release()}) has no EROFS, nor a module of it`;
    case 'EPERM':
      return 'mounting a file takes root with CAP_SYS_ADMIN over the machine';
    case 'ENOTBLK':
      return `this kernel (${release()}) does not mount files as EROFS, or none of the file system of ${directory}; Linux 6.12 does, with EROFS_FS_BACKED_BY_FILE, but not files of an overlay`;
    default:
      return `the kernel does not mount a file in ${directory} as EROFS: ${message}`;
  }
}
