/** Whose the layers of a store become: one rule for all of them, as they stand on each other. */
import { chownSync, statSync } from 'node:fs';
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { readNote, writeNote } from '../json-note.ts';
import { areSameMaps, checkMaps, describeMaps, type IdMaps, isIdMaps, translated } from '../layer/id-maps.ts';
import { UnionfsError } from '../unionfs-error.ts';
import { alone } from './alone.ts';
import type { Places } from './places.ts';
import { syncFile } from './sync.ts';
import type { Workplace } from './workplace.ts';

export interface OwnerContext {
  readonly places: Places;
  readonly workplace: Workplace;
  readonly durable: boolean;
}

/** The maps that owners are shifted by here, as the first who opened the store has said; undefined: they are kept. */
export async function settleOwner(wanted: IdMaps | undefined, context: OwnerContext): Promise<IdMaps | undefined> {
  if (wanted !== undefined) checkMaps(wanted);
  const { places } = context;
  const decided = (await read(places)) ?? (await alone(places.root, () => decide(wanted, context)));
  if (wanted !== undefined && (decided.owner === undefined || !areSameMaps(wanted, decided.owner))) {
    throw refused(places.root, wanted, decided.owner);
  }
  giveEmpty(places, decided.owner);
  return decided.owner;
}

interface StoreNote {
  readonly version: 1;
  readonly owner?: IdMaps;
}

async function decide(wanted: IdMaps | undefined, { places, workplace, durable }: OwnerContext): Promise<StoreNote> {
  const known = await read(places);
  if (known !== undefined) return known;
  const names = await Promise.all([places.layers, places.snapshots].map((directory) => readdir(directory)));
  // Without a note, but with layers: it is of a time when owners were kept always.
  const isNew = names.flat().length === 0;
  const note: StoreNote = { version: 1, ...(isNew && wanted !== undefined && { owner: wanted }) };
  await using work = await workplace.begin();
  // First: who may not is told each time. What the store keeps is given away when that is noted, and not before.
  if (note.owner !== undefined) tryToGiveAway(work.path, note.owner, places);
  const made = join(work.path, noteName);
  await writeNote(made, note, durable);
  await rename(made, join(places.root, noteName));
  if (durable) await syncFile(places.root);
  return note;
}

const noteName = 'store.json';

function read({ root }: Places): Promise<StoreNote | undefined> {
  return readNote(join(root, noteName), isStoreNote, (path) => {
    const why = 'it is not what this version of the store writes, and says whose the layers are';
    const remedy = 'where they are kept as layers have them, write {"version": 1} there';
    return new UnionfsError('STORE_DAMAGED', `cannot read ${path}: ${why}; ${remedy}`);
  });
}

function isStoreNote(value: unknown): value is StoreNote {
  if (typeof value !== 'object' || value === null) return false;
  const { version, owner } = value as Partial<Record<string, unknown>>;
  return version === 1 && (owner === undefined || isIdMaps(owner));
}

function tryToGiveAway(path: string, owner: IdMaps, places: Places): void {
  const { uid, gid } = statSync(path);
  giveAway(path, rootOf(owner), places);
  giveAway(path, { uid, gid }, places);
}

interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/**
 * What stands on no layer belongs to the same root as what stands on one. Each time: whoever wrote the note may have come no
 * further. Where owners are kept it belongs to whom all belongs that was made with it, which is not always who opens the store.
 */
function giveEmpty(places: Places, owner: IdMaps | undefined): void {
  const ids = owner === undefined ? statSync(places.layers) : rootOf(owner);
  const found = statSync(places.empty);
  if (found.uid !== ids.uid || found.gid !== ids.gid) giveAway(places.empty, ids, places);
}

function rootOf({ uid, gid }: IdMaps): Ids {
  const [user, group] = [uid, gid].map((ranges) => translated(ranges, 0, 'inside', 'outside')) as [number, number];
  return { uid: user, gid: group };
}

function giveAway(path: string, { uid, gid }: Ids, { root }: Places): void {
  try {
    chownSync(path, uid, gid);
  } catch (cause) {
    const why = `${(cause as Error).message}; shifting owners takes root`;
    throw new UnionfsError('LAYER_REFUSED', `cannot keep layers in ${root} with shifted owners: ${why}`, { cause });
  }
}

function refused(root: string, wanted: IdMaps, decided: IdMaps | undefined): UnionfsError {
  const found =
    decided === undefined ? 'keeps owners as layers have them' : `shifts owners by ${describeMaps(decided)}`;
  return new UnionfsError(
    'NAME_INVALID',
    `cannot open the store ${root} with owners shifted by ${describeMaps(wanted)}: it ${found}; leave owner out, or use another directory`,
  );
}
