import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { digestOf } from '../../src/digest.ts';
import { acquire, type Lock, tryAcquire } from '../../src/layout/lock.ts';
import { ownedName, ownerState } from '../../src/layout/owner.ts';
import { scratch } from '../scratch.ts';

const ended = String(spawnSync(process.execPath, ['--version']).pid);

test('one at a time has a lock', async () => {
  await using folder = await scratch();
  const path = join(folder.path, 'x.lock');
  let inside = 0;
  let most = 0;
  const visit = async () => {
    await using _ = await acquire(path);
    most = Math.max(most, ++inside);
    await sleep(2);
    inside--;
  };
  await Promise.all(Array.from({ length: 20 }, visit));
  expect(most).toBe(1);
  expect(await readdir(folder.path)).toEqual([]);
});

test('the lock of a process that has died goes to one of those who wait', async () => {
  await using folder = await scratch();
  const path = join(folder.path, 'x.lock');
  for (let round = 0; round < 20; round++) {
    await writeFile(path, ownedName().replace(/^\d+/, ended));
    const locks = await Promise.all(Array.from({ length: 8 }, () => tryAcquire(path)));
    const got = locks.filter((lock) => lock !== undefined);
    expect(got.length).toBeLessThanOrEqual(1);
    for (const lock of got) expect([lock.isHeld(), lock.doubtful]).toEqual([true, false]);
    for (const lock of got) await lock[Symbol.asyncDispose]();
  }
  await using lock = await acquire(path);
  expect(lock.isHeld()).toBe(true);
});

test('who dies while taking over from the dead stops nobody', async () => {
  await using folder = await scratch();
  const path = join(folder.path, 'x.lock');
  await writeFile(path, ownedName().replace(/^\d+/, ended));
  await writeFile(await rightOf(path), ownedName().replace(/^\d+/, ended));
  await using lock = await acquire(path);
  expect(lock.isHeld()).toBe(true);
  expect(await readdir(folder.path)).toEqual(['x.lock']);
});

/** Of another pid namespace. */
function foreign(): string {
  return ownedName().replace(/-\w+/, '-12345');
}

async function rightOf(path: string): Promise<string> {
  const holder = await readFile(path, 'utf8');
  return `${path}.${digestOf(holder).slice(-12)}.lock`;
}

test('who finds a dead holder too late leaves the lock to the one who was quicker', async () => {
  await using folder = await scratch();
  const path = join(folder.path, 'x.lock');
  await writeFile(path, foreign());
  const got: (Lock | undefined)[] = [];
  // Between the look at the holder and what follows from it.
  const slow = await tryAcquire(path, async () => {
    got.push(await tryAcquire(path, async () => true));
    return true;
  });
  expect(slow).toBeUndefined();
  expect(got[0]?.isHeld()).toBe(true);
  await got[0]?.[Symbol.asyncDispose]();
});

test('one at a time takes a lock from the dead', async () => {
  await using folder = await scratch();
  const path = join(folder.path, 'x.lock');
  await writeFile(path, ownedName().replace(/^\d+/, ended));
  const right = await rightOf(path);
  await writeFile(right, ownedName());
  expect(await tryAcquire(path)).toBeUndefined();
  await rm(right);
  await using lock = await tryAcquire(path);
  expect(lock?.isHeld()).toBe(true);
});

test('waiting for a lock ends with the reason of its signal', async () => {
  await using folder = await scratch();
  const path = join(folder.path, 'x.lock');
  await using _ = await acquire(path);
  const controller = new AbortController();
  const waiting = acquire(path, { signal: controller.signal });
  setTimeout(() => controller.abort(new Error('enough')), 20);
  await expect(waiting).rejects.toThrow('enough');
  expect(await readdir(folder.path)).toEqual(['x.lock']);
});

test('a holder that cannot be asked keeps its lock while it touches it', async () => {
  await using folder = await scratch();
  const path = join(folder.path, 'x.lock');
  await writeFile(path, foreign());
  expect(await tryAcquire(path)).toBeUndefined();
  const lately = Date.now() / 1000 - 2 * 60 * 60;
  await utimes(path, lately, lately);
  await using lock = await tryAcquire(path);
  expect(lock?.doubtful).toBe(true);
});

test('the lock of a thread that has ended is free, and that of a running one is not', async () => {
  if (process.platform !== 'linux') return;
  await using folder = await scratch();
  const path = join(folder.path, 'x.lock');
  const source = `import(${JSON.stringify(new URL('../../src/layout/lock.ts', import.meta.url).href)})
    .then(({ acquire }) => acquire(${JSON.stringify(path)}))
    .then(() => require('node:worker_threads').parentPort.postMessage('locked'));
    setInterval(() => {}, 1000);`;
  const worker = new Worker(source, { eval: true });
  await once(worker, 'message');
  expect(await tryAcquire(path)).toBeUndefined();
  await worker.terminate();
  await using lock = await acquire(path, { signal: AbortSignal.timeout(5000) });
  expect(lock.doubtful).toBe(false);
});

test('a process of another machine, or under another clock, cannot be judged', () => {
  const mine = ownedName();
  const [numbers, place = '', start, random] = mine.split('-');
  const others = place.split('.').map((_, at) => place.split('.').with(at, '7').join('.'));
  if (process.platform === 'linux') expect(others).toHaveLength(3);
  for (const other of others) expect(ownerState([numbers, other, start, random].join('-'))).toBe('unknown');
});

test('a process is known by its number and its start', async () => {
  const mine = ownedName();
  expect(ownerState(mine)).toBe('running');
  expect(ownerState(mine.replace(/^\d+/, ended))).toBe('ended');
  expect(ownerState('unknown-file')).toBe('unknown');
  if (process.platform !== 'linux') return;
  // Its number was used before: in a container, where every process is the first, or before the machine was started again.
  expect(ownerState(mine.replace(/-\d+-(?=[^-]*$)/, '-1-'))).toBe('ended');
});
