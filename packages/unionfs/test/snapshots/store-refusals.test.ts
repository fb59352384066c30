import { chmodSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { SnapshotStore, type StoreOptions } from '../../src/snapshots/snapshot-store.ts';
import { VolumeStore } from '../../src/volumes/volume-store.ts';
import { openStore, scratchOfStore } from './suite/stores.ts';

it.each([
  ['layers', SnapshotStore],
  ['volumes', VolumeStore],
])('a store of %s is a directory: a file in its place, or above it, is told', async (_, store) => {
  using folder = scratchOfStore();
  writeFileSync(folder.join('file'), 'x');
  symlinkSync('nowhere', folder.join('dangling'));
  for (const path of [folder.join('file'), folder.join('file/below'), folder.join('dangling')]) {
    await expect(store.open(path), path).rejects.toMatchObject({
      code: 'NAME_INVALID',
      message: `cannot open a store in ${path}: it is no directory, or leads through what is none; give a directory, or a path where nothing is yet`,
    });
  }
  expect(readdirSync(folder.path).sort()).toEqual(['dangling', 'file']);
});

it.each([
  ['layers', SnapshotStore],
  ['volumes', VolumeStore],
])('a store of %s has a path: the empty one is not the current directory', async (_, store) => {
  using folder = scratchOfStore();
  chmodSync(folder.path, 0o755);
  const before = process.cwd();
  process.chdir(folder.path);
  try {
    await expect(store.open('')).rejects.toMatchObject({
      code: 'NAME_INVALID',
      message: 'cannot open a store in "": the path is empty; give that of a directory, "." for the current one',
    });
  } finally {
    process.chdir(before);
  }
  expect(readdirSync(folder.path)).toEqual([]);
  expect(statSync(folder.path).mode & 0o777).toBe(0o755);
});

it.each(['eorfs', '', 'toString', 7, null])('a store has no backend %j, and says which there are', async (backend) => {
  using folder = scratchOfStore();
  mkdirSync(folder.join('store'));
  await expect(SnapshotStore.open(folder.join('store'), { backend } as unknown as StoreOptions)).rejects.toMatchObject({
    code: 'NAME_INVALID',
    message: `cannot store layers by the backend ${JSON.stringify(backend)}: there are 'auto', 'erofs' and 'directory'`,
  });
  expect(readdirSync(folder.join('store'))).toEqual([]);
});

it('the usage of a snapshot that is gone is not told', async () => {
  using folder = scratchOfStore();
  const snapshot = await (await openStore(folder.path, 'directory')).prepare('mine');
  await snapshot.remove();
  await expect(snapshot.usage()).rejects.toMatchObject({
    code: 'SNAPSHOT_MISSING',
    message: 'cannot measure the snapshot mine: it has been removed',
  });
});
