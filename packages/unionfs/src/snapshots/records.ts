/** What the store notes beside a layer and a snapshot. */
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UnionfsError } from '../unionfs-error.ts';
import type { BackendName } from './backend.ts';

export interface LayerRecord {
  readonly chainId: string;
  readonly parent?: string;
  readonly diffId: string;
  /** Bytes of the uncompressed layer. */
  readonly size: number;
  /** Nothing of its parents shows. */
  readonly opaque: boolean;
  /** Where its whiteouts are noted, which decides how it can be mounted. */
  readonly namespace: 'trusted' | 'user';
  readonly backend: BackendName;
}

export interface SnapshotRecord {
  readonly parent?: string;
  /** Nobody writes to it. */
  readonly view?: true;
}

/** In each record; raised for what earlier versions would take for something else. */
type Version = 1 | 2;

export async function writeLayerRecord(directory: string, record: LayerRecord, durable: boolean): Promise<void> {
  const { backend, ...rest } = record;
  // The first version knows directories only.
  const written = backend === 'directory' ? { version: 1, ...rest } : { version: 2, backend, ...rest };
  await write(layerNote(directory), written, durable);
}

export async function writeSnapshotRecord(directory: string, record: SnapshotRecord, durable: boolean): Promise<void> {
  const version: Version = record.view === undefined ? 1 : 2;
  await write(snapshotNote(directory), { version, ...record }, durable);
}

export async function readLayerRecord(directory: string): Promise<LayerRecord | undefined> {
  const record = await read(layerNote(directory), isLayerRecord);
  return record && { ...record, backend: record.backend ?? 'directory' };
}

export function readSnapshotRecord(directory: string): Promise<SnapshotRecord | undefined> {
  return read(snapshotNote(directory), isSnapshotRecord);
}

/** Where it is, in the directory of a layer. */
export function layerNote(directory: string): string {
  return join(directory, 'layer.json');
}

/** In that of a snapshot. */
export function snapshotNote(directory: string): string {
  return join(directory, 'snapshot.json');
}

async function write(path: string, record: object, durable: boolean): Promise<void> {
  await using file = await open(path, 'wx');
  await file.writeFile(`${JSON.stringify(record, undefined, 2)}\n`);
  if (durable) await file.sync();
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

function isLayerRecord(value: unknown): value is Omit<LayerRecord, 'backend'> & { backend?: BackendName } {
  if (!isRecord(value)) return false;
  const { version, chainId, diffId, size, opaque, namespace, backend } = value as Partial<Record<string, unknown>>;
  return (
    typeof chainId === 'string' &&
    typeof diffId === 'string' &&
    typeof size === 'number' &&
    typeof opaque === 'boolean' &&
    (namespace === 'trusted' || namespace === 'user') &&
    (version === 1 ? backend === undefined : backend === 'erofs')
  );
}

function isSnapshotRecord(value: unknown): value is SnapshotRecord {
  if (!isRecord(value)) return false;
  const { version, view } = value as Partial<Record<string, unknown>>;
  return version === 1 ? view === undefined : view === true;
}

function isRecord(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || !('version' in value)) return false;
  const parent = 'parent' in value ? value.parent : undefined;
  return (value.version === 1 || value.version === 2) && (parent === undefined || typeof parent === 'string');
}
