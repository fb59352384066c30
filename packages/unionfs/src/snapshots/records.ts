/** What the store notes beside a layer and a snapshot. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UnionfsError } from '../unionfs-error.ts';

export interface LayerRecord {
  readonly version: 1;
  readonly chainId: string;
  readonly parent?: string;
  readonly diffId: string;
  /** Bytes of the uncompressed layer. */
  readonly size: number;
  /** Nothing of its parents shows. */
  readonly opaque: boolean;
  /** Where its whiteouts are noted, which decides how it can be mounted. */
  readonly namespace: 'trusted' | 'user';
}

export interface SnapshotRecord {
  readonly version: 1;
  readonly parent?: string;
}

export function writeLayerRecord(directory: string, record: LayerRecord): Promise<void> {
  return write(join(directory, 'layer.json'), record);
}

export function writeSnapshotRecord(directory: string, record: SnapshotRecord): Promise<void> {
  return write(join(directory, 'snapshot.json'), record);
}

export function readLayerRecord(directory: string): Promise<LayerRecord | undefined> {
  return read(join(directory, 'layer.json'), isLayerRecord);
}

export function readSnapshotRecord(directory: string): Promise<SnapshotRecord | undefined> {
  return read(join(directory, 'snapshot.json'), isSnapshotRecord);
}

async function write(path: string, record: object): Promise<void> {
  await writeFile(path, `${JSON.stringify(record, undefined, 2)}\n`, { flag: 'wx' });
}

async function read<T>(path: string, is: (value: unknown) => value is T): Promise<T | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const value = parsed(text);
  if (is(value)) return value;
  throw new UnionfsError(
    'STORE_DAMAGED',
    `cannot read ${path}: it is not what this version of the store writes; remove the directory it is in`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isLayerRecord(value: unknown): value is LayerRecord {
  if (!isSnapshotRecord(value)) return false;
  const { chainId, diffId, size, opaque, namespace } = value as Partial<Record<keyof LayerRecord, unknown>>;
  return (
    typeof chainId === 'string' &&
    typeof diffId === 'string' &&
    typeof size === 'number' &&
    typeof opaque === 'boolean' &&
    (namespace === 'trusted' || namespace === 'user')
  );
}

function isSnapshotRecord(value: unknown): value is SnapshotRecord {
  if (typeof value !== 'object' || value === null || !('version' in value)) return false;
  const parent = 'parent' in value ? value.parent : undefined;
  return value.version === 1 && (parent === undefined || typeof parent === 'string');
}
