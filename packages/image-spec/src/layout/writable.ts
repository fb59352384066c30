import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ImageSpecError } from '../error.ts';
import { ingestDirectory, leaseDirectory } from './places.ts';

/**
 * Makes the folders of a layout that are missing. Throws LAYOUT_READ_ONLY where it may not, or could not write to them, and
 * LAYOUT_INVALID where something else is in their place.
 */
export async function makeWritable(layout: string): Promise<void> {
  const blobs = join(layout, 'blobs');
  const folders = [layout, blobs, join(blobs, 'sha256'), ingestDirectory(layout), leaseDirectory(layout)];
  try {
    // One by one, for with `recursive` Node makes an ENOENT of EROFS.
    for (const folder of folders) await makeFolder(folder);
    for (const folder of folders) await access(folder, constants.W_OK);
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    if (code === 'ENOTDIR') {
      const why = 'a file is where a folder should be; is it an archive, for readArchive?';
      throw new ImageSpecError('LAYOUT_INVALID', `cannot open ${layout} as an image layout: ${why}`, { cause });
    }
    if (!['EROFS', 'EACCES', 'EPERM'].includes(code)) throw cause;
    const why = `${code}; is it mounted read-only, or does it belong to another user?`;
    throw new ImageSpecError('LAYOUT_READ_ONLY', `cannot write to the image layout ${layout}: ${why}`, { cause });
  }
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path).catch((error) => {
    if (error.code === 'EEXIST') return undefined;
    if (error.code !== 'ENOENT') throw error;
    return mkdir(path, { recursive: true });
  });
}
