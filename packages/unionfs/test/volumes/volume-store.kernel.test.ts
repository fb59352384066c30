import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execve, type Fd, launch, mount } from '@estiba/syscalls';
import { guard, requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { unmountBelow } from '../../src/mounts/mounts-below.ts';
import { bind } from '../../src/steps/bind.ts';
import { lockVolume } from '../../src/volumes/volume-lock.ts';
import { scratchOfLayers } from '../scratch-of-layers.ts';
import { codes, imageIn, open } from './image-tree.ts';

guard();

requires({ on: ['host', 'uml'] })('a volume', () => {
  it('is an empty directory, found again by its name and with its labels', async () => {
    using folder = scratchOfLayers('volumes');
    const made = await (await open(folder.path)).create('db', { labels: { app: 'shop' } });
    expect(readdirSync(made.path)).toEqual([]);
    const store = await open(folder.path);
    const found = await store.volume('db');
    expect(found).toMatchObject({ name: 'db', path: made.path, labels: { app: 'shop' }, anonymous: false });
    expect(found.created).toEqual(made.created);
    expect(await store.volumes()).toEqual(['db']);
    expect(statSync(folder.join('store')).mode & 0o777).toBe(0o700);
    expect(statSync(made.path).mode & 0o777).toBe(0o755);
  });

  it('without a name gets one of its own', async () => {
    using folder = scratchOfLayers('volumes');
    const store = await open(folder.path);
    const [one, two] = [await store.create(), await store.create(undefined, { labels: { a: 'b' } })];
    expect([one.anonymous, two.anonymous]).toEqual([true, true]);
    expect(one.name).toMatch(/^[0-9a-f]{64}$/);
    expect(await store.volumes()).toEqual([one.name, two.name].sort());
  });

  it('has a name of its own, which is safe as that of a file', async () => {
    using folder = scratchOfLayers('volumes');
    const store = await open(folder.path);
    await store.create('a.b_c-d');
    await expect(store.create('a.b_c-d')).rejects.toEqual(codes('VOLUME_EXISTS'));
    await expect(store.volume('other')).rejects.toEqual(codes('VOLUME_MISSING'));
    await expect(store.remove('other')).rejects.toEqual(codes('VOLUME_MISSING'));
    for (const name of ['', '.', '..', '../a', 'a/b', '.hidden', '-a', 'a b', 'ä', 'a'.repeat(256), 'a\0']) {
      await expect(store.create(name), name).rejects.toEqual(codes('NAME_INVALID'));
      await expect(store.volume(name), name).rejects.toEqual(codes('NAME_INVALID'));
      await expect(store.remove(name), name).rejects.toEqual(codes('NAME_INVALID'));
    }
    expect(readdirSync(folder.join('store/volumes'))).toEqual(['a.b_c-d']);
  });

  it('whose record is damaged says so', async () => {
    using folder = scratchOfLayers('volumes');
    const store = await open(folder.path);
    await store.create('db');
    for (const text of [
      '{',
      'null',
      '{"version":2}',
      '{"version":1,"labels":{"a":1},"created":"","anonymous":false}',
    ]) {
      writeFileSync(folder.join('store/volumes/db/volume.json'), text);
      await expect(store.volume('db'), text).rejects.toEqual(codes('STORE_DAMAGED'));
    }
  });

  it('that is being filled can be neither removed nor pruned', async () => {
    using folder = scratchOfLayers('volumes');
    const store = await open(folder.path);
    await store.create('db');
    using lock = (await lockVolume(folder.join('store/volumes/db'))) as Fd;
    await expect(store.remove('db')).rejects.toEqual(codes('VOLUME_BUSY'));
    const reason = 'it is being filled, or removed, by somebody else';
    expect(await store.prune({ keep: [] })).toEqual({ removed: [], bytes: 0, busy: [{ name: 'db', reason }] });
    const waiting = (await store.volume('db')).populate(folder.path, { signal: AbortSignal.timeout(50) });
    await expect(waiting).rejects.toMatchObject({ name: 'TimeoutError' });
    lock.close();
    await store.remove('db');
    expect(await store.volumes()).toEqual([]);
  });

  it('is pruned with all that is in it, unless it is to be kept', async () => {
    using folder = scratchOfLayers('volumes');
    const image = imageIn(folder.join('image'));
    const store = await open(folder.path);
    for (const name of ['one', 'two']) await (await store.create(name)).populate(image);
    const { removed, bytes } = await store.prune({ keep: ['two'] });
    expect(removed).toEqual(['one']);
    expect(bytes).toBeGreaterThan(0);
    expect(await store.volumes()).toEqual(['two']);
    expect(readdirSync(folder.join('store/tmp'))).toEqual([]);
  });
});

requires({ on: ['host', 'uml'], root: true, overlay: true })('a volume of root', () => {
  it('is not removed while a container has it, or a part of it, mounted', async () => {
    using folder = scratchOfLayers('volumes');
    const store = await open(folder.path);
    const volume = await store.create('db');
    mkdirSync(join(volume.path, 'part'));
    const seen = folder.join('seen');
    for (const steps of [volume.bind(seen), bind(join(volume.path, 'part'), seen, { readonly: true })]) {
      const alone = mount({ target: '/', flags: ['private', 'rec'] });
      await using child = await launch([alone, steps, execve('/bin/sleep', ['sleep', '60'])], { clone: ['mount'] });
      const busy = store.remove('db');
      await expect(busy).rejects.toEqual(codes('VOLUME_BUSY'));
      await expect(busy).rejects.toThrow(`mounted on ${seen} in the mount namespace of process ${child.pid}`);
      const reason = `it is mounted on ${seen} in the mount namespace of process ${child.pid}`;
      expect(await store.prune({ keep: [] })).toEqual({ removed: [], bytes: 0, busy: [{ name: 'db', reason }] });
    }
    await store.remove('db');
    expect(existsSync(volume.path)).toBe(false);
  });

  it('that a killed process has left mounted is told, and where, and is pruned when it is not any more', async () => {
    using folder = scratchOfLayers('volumes');
    const store = await open(folder.path);
    await store.create('db');
    const seen = folder.join('seen');
    const script = `
      const { mountBind, VolumeStore } = await import(process.cwd() + '/packages/unionfs/src/index.ts');
      const store = await VolumeStore.open(process.argv[1]);
      await mountBind((await store.volume('db')).path, process.argv[2]);
      process.kill(process.pid, 'SIGKILL');`;
    const options = ['--conditions=estiba-source', '--input-type=module', '-e', script, folder.join('store'), seen];
    expect(spawnSync(process.execPath, options, { timeout: 20_000 }).signal).toBe('SIGKILL');
    const reason = `it is mounted on ${seen}`;
    expect(await store.prune({ keep: [] })).toEqual({ removed: [], bytes: 0, busy: [{ name: 'db', reason }] });
    expect(await unmountBelow(folder.path)).toEqual([seen]);
    expect((await store.prune({ keep: [] })).removed).toEqual(['db']);
  });
});
