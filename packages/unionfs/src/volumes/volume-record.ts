/** What the store notes beside a volume. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UnionfsError } from '../unionfs-error.ts';

export interface VolumeRecord {
  readonly version: 1;
  readonly labels: Readonly<Record<string, string>>;
  /** ISO 8601. */
  readonly created: string;
  /** Nobody named it. */
  readonly anonymous: boolean;
}

/** Into a directory that nobody else sees yet: it comes to its place as a whole. */
export async function writeVolumeRecord(directory: string, record: VolumeRecord): Promise<void> {
  await writeFile(join(directory, 'volume.json'), `${JSON.stringify(record, undefined, 2)}\n`, { flag: 'wx' });
}

/** Undefined when there is no such volume. */
export async function readVolumeRecord(directory: string): Promise<VolumeRecord | undefined> {
  const path = join(directory, 'volume.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const value = parsed(text);
  if (isVolumeRecord(value)) return value;
  throw new UnionfsError('STORE_DAMAGED', `cannot read ${path}: it is not what this version of the store writes`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isVolumeRecord(value: unknown): value is VolumeRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { version, labels, created, anonymous } = value as Partial<Record<keyof VolumeRecord, unknown>>;
  return (
    version === 1 &&
    typeof created === 'string' &&
    typeof anonymous === 'boolean' &&
    typeof labels === 'object' &&
    labels !== null &&
    Object.values(labels).every((label) => typeof label === 'string')
  );
}
