import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJson, validate } from '../document.ts';
import { ImageSpecError } from '../error.ts';
import { LayoutHeader } from '../layout-header.ts';
import { ownedName } from './owner.ts';
import { ingestDirectory } from './places.ts';

export const layoutHeader = '{"imageLayoutVersion":"1.0.0"}';

/** `oci-layout`, the version of a layout, which is made where there is none. Throws LAYOUT_INVALID. */
export async function ensureHeader(directory: string, flush: boolean): Promise<void> {
  if (await hasHeader(directory)) return;
  // In one step, so that nobody, not even after a crash, finds it half written.
  const made = join(ingestDirectory(directory), ownedName());
  await writeFile(made, layoutHeader, { flush });
  await rename(made, join(directory, 'oci-layout'));
}

/** Throws LAYOUT_INVALID for a wrong one. */
export async function hasHeader(directory: string): Promise<boolean> {
  const bytes = await readFile(join(directory, 'oci-layout')).catch((error) => {
    if (error.code !== 'ENOENT') throw error;
  });
  if (bytes !== undefined) checkHeader(bytes, directory);
  return bytes !== undefined;
}

/** Throws LAYOUT_INVALID. */
export function checkHeader(bytes: Uint8Array, place: string): void {
  try {
    validate(LayoutHeader, parseJson(bytes, 'oci-layout'), 'oci-layout');
  } catch (cause) {
    throw new ImageSpecError('LAYOUT_INVALID', `cannot open ${place}: it is not an image layout of version 1.0.0`, {
      cause,
    });
  }
}
