import { randomBytes } from 'node:crypto';
import { UnionfsError } from '../unionfs-error.ts';

/** Those that Docker takes, which are safe as names of files. */
export function volumeName(name: string): string {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/.test(name)) return name;
  throw new UnionfsError(
    'NAME_INVALID',
    `cannot name a volume ${JSON.stringify(name)}: up to 255 letters, digits, "_", "." and "-", the first a letter or digit`,
  );
}

/** For a volume that nobody has named: as Docker does, nobody else's. */
export function randomName(): string {
  return randomBytes(32).toString('hex');
}
