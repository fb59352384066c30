/** What the store notes beside a layer and a snapshot. */
import { join } from 'node:path';
import { readNote, writeNote } from '../json-note.ts';
import { type IdMaps, isIdMaps } from '../layer/id-maps.ts';
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
  /** The layers are shown by these, and what is written to it belongs to who is who by them. */
  readonly idmap?: IdMaps;
}

/** In each record; raised for what earlier versions would take for something else. */
type Version = 1 | 2 | 3;

export async function writeLayerRecord(directory: string, record: LayerRecord, durable: boolean): Promise<void> {
  const { backend, ...rest } = record;
  // The first version knows directories only.
  const written = backend === 'directory' ? { version: 1, ...rest } : { version: 2, backend, ...rest };
  await writeNote(layerNote(directory), written, durable);
}

export async function writeSnapshotRecord(directory: string, record: SnapshotRecord, durable: boolean): Promise<void> {
  const version: Version = record.idmap !== undefined ? 3 : record.view === undefined ? 1 : 2;
  await writeNote(snapshotNote(directory), { version, ...record }, durable);
}

export async function readLayerRecord(directory: string): Promise<LayerRecord | undefined> {
  const record = await readNote(layerNote(directory), isLayerRecord, damaged);
  return record && { ...record, backend: record.backend ?? 'directory' };
}

export function readSnapshotRecord(directory: string): Promise<SnapshotRecord | undefined> {
  return readNote(snapshotNote(directory), isSnapshotRecord, damagedSnapshot);
}

/** Where it is, in the directory of a layer. */
export function layerNote(directory: string): string {
  return join(directory, 'layer.json');
}

/** In that of a snapshot. */
export function snapshotNote(directory: string): string {
  return join(directory, 'snapshot.json');
}

function damaged(path: string, remedy = 'remove the directory it is in'): UnionfsError {
  const why = 'it is not what this version of the store writes';
  return new UnionfsError('STORE_DAMAGED', `cannot read ${path}: ${why}; ${remedy}`);
}

/** Not the directory, on which it may be mounted. */
function damagedSnapshot(path: string): UnionfsError {
  return damaged(path, 'to give up the snapshot remove that file, and prune takes the rest');
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
    (version === 1 ? backend === undefined : version === 2 && backend === 'erofs')
  );
}

function isSnapshotRecord(value: unknown): value is SnapshotRecord {
  if (!isRecord(value)) return false;
  const { version, view, idmap } = value as Partial<Record<string, unknown>>;
  if (version === 3) return (view === undefined || view === true) && isIdMaps(idmap);
  return idmap === undefined && (version === 1 ? view === undefined : view === true);
}

function isRecord(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || !('version' in value)) return false;
  const parent = 'parent' in value ? value.parent : undefined;
  return [1, 2, 3].includes(value.version as number) && (parent === undefined || typeof parent === 'string');
}
