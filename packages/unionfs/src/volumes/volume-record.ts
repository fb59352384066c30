/** What the store notes beside a volume. */
import { join } from 'node:path';
import { readNote, writeNote } from '../json-note.ts';
import { UnionfsError } from '../unionfs-error.ts';
import { isLabels, type Labels } from './labels.ts';

export interface VolumeRecord {
  readonly version: 1;
  readonly labels: Labels;
  /** ISO 8601. */
  readonly created: string;
  /** Nobody named it. */
  readonly anonymous: boolean;
}

/** Into a directory that nobody else sees yet: it comes to its place as a whole. */
export async function writeVolumeRecord(directory: string, record: VolumeRecord): Promise<void> {
  await writeNote(join(directory, 'volume.json'), record, false);
}

/** Undefined when there is no such volume. */
export async function readVolumeRecord(directory: string): Promise<VolumeRecord | undefined> {
  return await readNote(join(directory, 'volume.json'), isVolumeRecord, damaged);
}

function damaged(path: string): UnionfsError {
  return new UnionfsError('STORE_DAMAGED', `cannot read ${path}: it is not what this version of the store writes`);
}

function isVolumeRecord(value: unknown): value is VolumeRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { version, labels, created, anonymous } = value as Partial<Record<keyof VolumeRecord, unknown>>;
  return version === 1 && typeof created === 'string' && typeof anonymous === 'boolean' && isLabels(labels);
}
