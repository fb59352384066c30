import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fd, mknod, perform } from '@estiba/syscalls';
import { guard, requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { Workplace } from '../../src/snapshots/workplace.ts';
import { fill } from '../../src/volumes/fill.ts';
import { scratchOfLayers } from '../scratch-of-layers.ts';
import { tree } from '../tree.ts';
import { codes, imageIn, open } from './image-tree.ts';

guard();

requires({ on: ['host', 'uml'] })('the first content of a volume', () => {
  it('is what the image holds, entry by entry, and the attributes of the directory itself', async () => {
    using folder = scratchOfLayers('volumes');
    const image = imageIn(folder.join('image'));
    const volume = await (await open(folder.path)).create('db');
    const { ino } = statSync(volume.path);
    expect(await volume.populate(image)).toBe(true);
    expect(tree(volume.path)).toEqual(tree(image));
    // Containers that have it mounted already see the same directory.
    expect(statSync(volume.path).ino).toBe(ino);
    expect(statSync(join(volume.path, 'sparse')).blocks * 512).toBeLessThan(1024 * 1024);
    expect(readdirSync(folder.join('store/volumes/db')).sort()).toEqual(['data', 'volume.json']);
    expect(readdirSync(folder.join('store/tmp'))).toEqual([]);
    const { bytes, inodes } = await volume.usage();
    expect(inodes).toBe(tree(image).length - 1);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(1024 * 1024);
  });

  it('is that which it holds already', async () => {
    using folder = scratchOfLayers('volumes');
    const image = imageIn(folder.join('image'));
    const volume = await (await open(folder.path)).create('db');
    writeFileSync(join(volume.path, 'mine'), '');
    const before = tree(volume.path);
    expect(await volume.populate(image)).toBe(false);
    expect(tree(volume.path)).toEqual(before);
  });

  it('is none where the image has nothing, and refused where it has a file', async () => {
    using folder = scratchOfLayers('volumes');
    imageIn(folder.join('image'));
    const volume = await (await open(folder.path)).create('db');
    const root = folder.join('image');
    for (const from of ['missing', '/missing/deeper', 'sub/dangling'])
      expect(await volume.populate(from, { root })).toBe(false);
    for (const from of ['file', 'file/deeper'])
      await expect(volume.populate(from, { root })).rejects.toEqual(codes('TREE_UNSUPPORTED'));
    expect(readdirSync(volume.path)).toEqual([]);
  });

  it('is nothing from outside of the image, whatever links say', async () => {
    using folder = scratchOfLayers('volumes');
    mkdirSync(folder.join('image/inside'), { recursive: true });
    mkdirSync(folder.join('secret'));
    writeFileSync(folder.join('secret/canary'), '');
    symlinkSync(folder.join('secret'), folder.join('image/absolute'));
    symlinkSync('../secret', folder.join('image/relative'));
    symlinkSync('/../../inside', folder.join('image/scoped'));
    writeFileSync(folder.join('image/inside/own'), '');
    const store = await open(folder.path);
    using root = Fd.open(folder.join('image'));
    for (const from of ['absolute', '/relative', '../secret', 'inside/../../secret']) {
      const volume = await store.create();
      expect(await volume.populate(from, { root: folder.join('image') })).toBe(false);
      expect(await volume.populate(from, { root })).toBe(false);
      expect(readdirSync(volume.path)).toEqual([]);
    }
    const scoped = await store.create();
    expect(await scoped.populate('/scoped', { root })).toBe(true);
    expect(readdirSync(scoped.path)).toEqual(['own']);
  });

  it('may be given as a descriptor', async () => {
    using folder = scratchOfLayers('volumes');
    const image = imageIn(folder.join('image'));
    const volume = await (await open(folder.path)).create('db');
    using from = Fd.open(image);
    expect(await volume.populate(from)).toBe(true);
    expect(tree(volume.path)).toEqual(tree(image));
    expect(from.closed).toBe(false);
  });

  it('is copied once by several at a time, and all find it', async () => {
    using folder = scratchOfLayers('volumes');
    const image = imageIn(folder.join('image'));
    const stores = await Promise.all([open(folder.path), open(folder.path), open(folder.path)]);
    await stores[0]?.create('db');
    const filled = await Promise.all(stores.map(async (store) => await (await store.volume('db')).populate(image)));
    expect(filled.filter(Boolean)).toHaveLength(1);
    expect(tree(folder.join('store/volumes/db/data'))).toEqual(tree(image));
  });

  it('comes to none that has been removed', async () => {
    using folder = scratchOfLayers('volumes');
    const store = await open(folder.path);
    const volume = await store.create('db');
    await store.remove('db');
    await expect(volume.populate(folder.path)).rejects.toEqual(codes('VOLUME_MISSING'));
  });

  it('is nothing of a copy that failed or was given up', async () => {
    using folder = scratchOfLayers('volumes');
    const image = imageIn(folder.join('image'));
    const volume = await (await open(folder.path)).create('db');
    const reason = new Error('enough');
    await expect(volume.populate(image, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    writeFileSync(join(image, 'sub/.wh.name'), '');
    await expect(volume.populate(image)).rejects.toEqual(codes('TREE_UNSUPPORTED'));
    expect(readdirSync(volume.path)).toEqual([]);
    expect(readdirSync(folder.join('store/tmp'))).toEqual([]);
  });

  it('is complete for whoever opens the volume after a crash on the way', async () => {
    using folder = scratchOfLayers('volumes');
    const image = imageIn(folder.join('image'));
    const volume = await (await open(folder.path)).create('db');
    using source = Fd.open(image);
    const directory = folder.join('store/volumes/db');
    await fill(directory, source, new Workplace(folder.join('store/tmp')), { durable: false });
    renameSync(join(directory, 'fill/tree/link'), join(directory, 'data/link'));
    await (await open(folder.path)).volume('db');
    expect(tree(volume.path)).toEqual(tree(image));
    expect(readdirSync(directory).sort()).toEqual(['data', 'volume.json']);
  });

  it('leaves what a container wrote meanwhile', async () => {
    using folder = scratchOfLayers('volumes');
    const image = imageIn(folder.join('image'));
    const store = await open(folder.path);
    const volume = await store.create('db');
    using source = Fd.open(image);
    await fill(folder.join('store/volumes/db'), source, new Workplace(folder.join('store/tmp')), { durable: false });
    writeFileSync(join(volume.path, 'file'), 'of the container');
    await store.volume('db');
    expect(readFileSync(join(volume.path, 'file'), 'utf8')).toBe('of the container');
    expect(readFileSync(join(volume.path, 'sub/same file'), 'utf8')).toBe('content');
  });

  it('is all or nothing when its process is killed, and then copied by the next', async () => {
    using folder = scratchOfLayers('volumes');
    const image = folder.join('image');
    for (let at = 0; at < 80; at++) {
      mkdirSync(join(image, `d${at % 20}`), { recursive: true });
      writeFileSync(join(image, `d${at % 20}`, `file ${at}`), Buffer.alloc(50_000, at));
    }
    const expected = tree(image);
    const data = folder.join('store/volumes/db/data');
    let killed = 0;
    const rounds = Number(process.env.ESTIBA_KILLS ?? 2);
    for (let round = 0; round < rounds; round++) {
      const store = await open(folder.path);
      await store.create('db');
      const { child, closed } = await filling(folder.join('store'), image);
      await sleep((60 * round) / rounds);
      child.kill('SIGKILL');
      const [code] = await closed;
      if (code === null) killed += 1;
      const next = await open(folder.path);
      const volume = await next.volume('db');
      const found = tree(data);
      expect([expected.length, 1]).toContain(found.length);
      expect(await volume.populate(image)).toBe(found.length === 1);
      expect(tree(data)).toEqual(expected);
      await next.remove('db');
      expect([...readdirSync(folder.join('store/tmp')), ...readdirSync(folder.join('store/volumes'))]).toEqual([]);
    }
    expect(killed).toBeGreaterThan(0);
  });
});

requires({ on: ['host', 'uml'], root: true, overlay: true })('the first content of a volume of root', () => {
  it('keeps owners, devices and FIFOs', async () => {
    using folder = scratchOfLayers('volumes');
    const image = imageIn(folder.join('image'));
    chownSync(join(image, 'file'), 1234, 5678);
    perform([mknod(join(image, 'null'), 0o020666, [1, 3]), mknod(join(image, 'fifo'), 0o010600)]);
    chownSync(image, 33, 33);
    const volume = await (await open(folder.path)).create('db');
    expect(await volume.populate('/', { root: image })).toBe(true);
    expect(tree(volume.path)).toEqual(tree(image));
    expect(statSync(volume.path)).toMatchObject({ uid: 33, gid: 33, mode: 0o40750 });
  });
});

/** A process that has begun to fill the volume. */
async function filling(store: string, from: string): Promise<{ child: ChildProcess; closed: Promise<unknown[]> }> {
  const script = join(import.meta.dirname, 'filling.ts');
  const child = spawn(process.execPath, ['--conditions=estiba-source', script, store, 'db', from], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 20_000,
    killSignal: 'SIGKILL',
  });
  const closed = once(child, 'close');
  await once(child.stdout, 'data');
  return { child, closed };
}
