/** What holds of commits, however layers are stored. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { Readable } from 'node:stream';
import { Fd } from '@estiba/syscalls';
import { archive, entryBytes, layer } from '@estiba/testkit/archive';
import { expect, it } from 'vitest';
import { tryLock } from '../../../src/snapshots/workplace.ts';
import {
  type Backend,
  base,
  change,
  openStore,
  otherProcess,
  scratchOfStore,
  slowLayer,
  unfinished,
} from './stores.ts';

/** Longer than any path may be. */
const deepPath = Array(300).fill('n'.repeat(100)).join('/');

export function committing(backend: Backend): void {
  it('has a layer when it was committed, and in the next process too', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, backend);
    expect(await store.has('sha256:one')).toBe(false);
    await store.commit('sha256:one', base());
    expect(await store.has('sha256:one')).toBe(true);
    expect(await (await openStore(folder.path, backend)).has('sha256:one')).toBe(true);
    expect(unfinished(folder.path)).toEqual([]);
  });

  it('has it once it is on the disk', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, backend, true);
    await store.commit('sha256:one', base());
    await (await store.prepare('mine', { parent: 'sha256:one' })).remove();
    expect(await store.has('sha256:one')).toBe(true);
  });

  it('tells what it has, those below before those above', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, backend);
    const one = archive({ name: 'x', content: 'y'.repeat(100_000) });
    await store.commit('sha256:one', Readable.from([one]));
    await store.commit('sha256:above', change(), { parent: 'sha256:one' });
    const diffId = `sha256:${createHash('sha256').update(one).digest('hex')}`;
    expect(await store.layers()).toEqual([
      { chainId: 'sha256:one', parent: undefined, diffId, size: one.length, backend },
      expect.objectContaining({ chainId: 'sha256:above', parent: 'sha256:one' }),
    ]);
    const { bytes, inodes } = await store.usage('sha256:one');
    expect(bytes).toBeGreaterThanOrEqual(100_000);
    expect(bytes).toBeLessThan(150_000);
    expect(inodes).toBe(backend === 'erofs' ? 1 : 2);
    await expect(store.usage('sha256:none')).rejects.toMatchObject({ code: 'LAYER_MISSING' });
  });

  it('does not read a layer that it has', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, backend);
    await store.commit('sha256:one', base());
    const unread = new Readable({
      read() {
        throw new Error('it was read');
      },
    });
    await store.commit('sha256:one', unread);
    expect(unread.destroyed).toBe(true);
  });

  it('does the work of several commits at once once, in one store and in two', async () => {
    using folder = scratchOfStore();
    const stores = [await openStore(folder.path, backend), await openStore(folder.path, backend)];
    let read = 0;
    const counted = () =>
      Readable.from(
        (async function* () {
          read += 1;
          yield archive({ name: 'x' });
        })(),
      );
    const commits = Array.from({ length: 6 }, (_, at) => stores[at % 2]?.commit('sha256:one', counted()));
    await Promise.all(commits);
    expect(read).toBe(1);
    expect(readdirSync(folder.join('layers'))).toHaveLength(1);
    expect(unfinished(folder.path)).toEqual([]);
  });

  it('lets the next commit do the work when the first fails', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, backend);
    const bad = store.commit('sha256:one', Readable.from([Buffer.alloc(512, 'x')]));
    const good = store.commit('sha256:one', base());
    await expect(bad).rejects.toMatchObject({ code: 'LAYER_INVALID' });
    await good;
    expect(await store.has('sha256:one')).toBe(true);
  });

  it('waits for a process that makes the layer, and does not make it again', async () => {
    using folder = scratchOfStore();
    const script = `const { layer: slow, reading, finish } = slowLayer();
      const done = store.commit('sha256:one', slow);
      await reading; console.log('reading'); await told(); finish(); await done; console.log('done');`;
    const other = otherProcess(folder.path, backend, script);
    try {
      expect(await other.said()).toBe('reading');
      const store = await openStore(folder.path, backend);
      const mine = base();
      const done = store.commit('sha256:one', mine);
      other.tell('finish');
      await done;
      expect(mine.readableDidRead).toBe(false);
      expect(await other.said()).toBe('done');
    } finally {
      await other.kill();
    }
  });

  it('makes the layer itself when the process that did so is killed', async () => {
    using folder = scratchOfStore();
    const script = `const { layer: slow, reading } = slowLayer();
      store.commit('sha256:one', slow); await reading; console.log('reading'); await told();`;
    const other = otherProcess(folder.path, backend, script);
    const store = await openStore(folder.path, backend);
    let done: Promise<void>;
    try {
      expect(await other.said()).toBe('reading');
      done = store.commit('sha256:one', base());
    } finally {
      await other.kill();
    }
    await done;
    expect(await store.has('sha256:one')).toBe(true);
    await store.prune({ keep: ['sha256:one'] });
    expect(unfinished(folder.path)).toEqual([]);
  });

  it.each([
    ['another digest', () => base(), { diffId: `sha256:${'0'.repeat(64)}` }, 'LAYER_MISMATCH'],
    [
      'a layer that is cut off',
      () => Readable.from([archive({ name: 'x', content: 'y'.repeat(100) }).subarray(0, 600)]),
      {},
      'LAYER_INVALID',
    ],
    ['a parent that is not here', () => base(), { parent: 'sha256:none' }, 'LAYER_MISSING'],
    [
      'a tree deeper than any path that goes on wrong',
      () => Readable.from([entryBytes({ name: 'x', pax: { path: deepPath } }), Buffer.alloc(512, 'x')]),
      {},
      'LAYER_INVALID',
    ],
  ])('has nothing of a commit with %s', async (_, source, options, code) => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, backend);
    await expect(store.commit('sha256:one', source(), options)).rejects.toMatchObject({ code });
    expect(await store.has('sha256:one')).toBe(false);
    expect([...readdirSync(folder.join('layers')), ...unfinished(folder.path)]).toEqual([]);
  });

  it('has nothing of a commit that is aborted', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, backend);
    const stalled = new Readable({ read() {} });
    stalled.push(entryBytes({ name: 'x' }));
    const commit = store.commit('sha256:one', stalled, { signal: AbortSignal.timeout(30) });
    await expect(commit).rejects.toMatchObject({ name: 'TimeoutError' });
    expect([...readdirSync(folder.join('layers')), ...unfinished(folder.path)]).toEqual([]);
  });

  it('lets a commit that waits for another be aborted', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, backend);
    const slow = slowLayer();
    const first = store.commit('sha256:one', slow.layer);
    await slow.reading;
    const second = store.commit('sha256:one', base(), { signal: AbortSignal.timeout(20) });
    await expect(second).rejects.toMatchObject({ name: 'TimeoutError' });
    slow.finish();
    await first;
    expect(await store.has('sha256:one')).toBe(true);
  });

  it('lets a commit that waits for whoever is at work in the store be aborted', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, backend);
    using held = Fd.open(folder.path);
    expect(tryLock(held)).toBe(true);
    const signal = AbortSignal.timeout(20);
    await expect(store.commit('sha256:one', base(), { signal })).rejects.toMatchObject({ name: 'TimeoutError' });
    await expect(store.prepare('mine', { signal })).rejects.toMatchObject({ name: 'TimeoutError' });
    held.close();
    await store.commit('sha256:one', base());
    expect(await store.snapshots()).toEqual([]);
    expect(unfinished(folder.path)).toEqual([]);
  });

  it('takes a layer in beside one that fails', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, backend);
    const good = ['sha256:a', 'sha256:b', 'sha256:c'].map((id, at) => store.commit(id, layer({ name: `f${at}` })));
    const bad = store.commit('sha256:d', Readable.from([Buffer.alloc(512, 'x')]));
    await expect(bad).rejects.toMatchObject({ code: 'LAYER_INVALID' });
    await Promise.all(good);
    expect((await store.layers()).map(({ chainId }) => chainId).sort()).toEqual(['sha256:a', 'sha256:b', 'sha256:c']);
    expect(existsSync(folder.join('empty'))).toBe(true);
  });
}
