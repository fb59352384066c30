/** Entries that have no content: symbolic links, devices, FIFOs. */
import { constants, symlinkSync } from 'node:fs';
import { mknod, perform } from '@estiba/syscalls';
import { invalid } from '../tar/invalid.ts';
import type { TarEntry } from '../tar/tar-entry.ts';
import { type AttributeOptions, setLinkAttributes, setNodeAttributes } from './attributes.ts';
import { terminated } from './beneath.ts';
import type { Directory } from './directory.ts';
import { symlinkTarget } from './symlink-target.ts';

/** Throws EEXIST where there is anything by that name. */
export function makeLeaf(directory: Directory, name: string, entry: TarEntry, options: AttributeOptions): void {
  if (entry.type === 'symlink') makeSymlink(directory, name, entry, options);
  else makeNode(directory, name, entry, options);
}

function makeSymlink(directory: Directory, name: string, entry: TarEntry, options: AttributeOptions): void {
  symlinkSync(symlinkTarget(entry), directory.place(name));
  setLinkAttributes(directory.place(name), entry, options);
}

function makeNode(directory: Directory, name: string, entry: TarEntry, options: AttributeOptions): void {
  const { S_IFCHR, S_IFBLK, S_IFIFO } = constants;
  const type = entry.type === 'character' ? S_IFCHR : entry.type === 'block' ? S_IFBLK : S_IFIFO;
  const { major, minor } = entry;
  if (major < 0 || major > 0xfff || minor < 0 || minor > 0xfffff) {
    throw invalid(entry, `there is no device ${major}:${minor}`);
  }
  const device = entry.type === 'fifo' ? ([0, 0] as const) : ([major, minor] as const);
  try {
    perform([mknod(terminated(name), type | 0o600, device, { at: directory.fd })]);
  } catch (error) {
    // An ordinary user has no use for a device that he could not open either.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM' || options.owner !== 'self') throw error;
    options.onSkipped('device');
    return;
  }
  setNodeAttributes(directory.fd, name, entry, options);
}
