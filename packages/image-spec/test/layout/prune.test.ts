import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { describe, digestOf, mediaTypes } from '../../src/index.ts';
import { acquire } from '../../src/layout/lock.ts';
import { ownedName } from '../../src/layout/owner.ts';
import { layoutLockPath, leaseDirectory } from '../../src/layout/places.ts';
import { makeImage, openLayout, scratch, writeJson } from '../scratch.ts';
import { otherProcess } from './other-process.ts';

/** Milliseconds of the stress test. */
const stress = Number(process.env.ESTIBA_STRESS ?? 1500);

test('what is leased stays until the lease ends', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  {
    await using lease = await layout.lease();
    await lease.add(digestOf('later'), digestOf('now'));
    await layout.write(Buffer.from('now'));
    await layout.write(Buffer.from('later'));
    await layout.write(Buffer.from('unneeded'));
    expect((await layout.prune()).removed).toEqual([digestOf('unneeded')]);
  }
  expect(await readdir(leaseDirectory(folder.path))).toEqual([]);
  expect((await layout.prune()).removed.sort()).toEqual([digestOf('now'), digestOf('later')].sort());
});

test('a blob that is written with a lease is leased before it is there', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  await using lease = await layout.lease();
  await layout.write(Buffer.from('one'), { lease });
  await using writer = await layout.ingest(describe(Buffer.from('two'), 'x/y'), { lease });
  await writer?.write(Buffer.from('two'));
  await writer?.commit();
  expect((await layout.prune()).removed).toEqual([]);
});

test('nothing is removed when a lease cannot be read', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  await layout.write(Buffer.from('x'));
  // Whoever may read everything is told of this at least.
  await mkdir(join(leaseDirectory(folder.path), ownedName()));
  await expect(layout.prune()).rejects.toMatchObject({ code: 'EISDIR' });
  expect(await layout.has(digestOf('x'))).toBe(true);
});

test('the lease of another process holds while that lives', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  await layout.write(Buffer.from('x'));
  const script = `const lease = await layout.lease(); await lease.add(spec.digestOf('x')); say('leased'); setInterval(() => {}, 1000);`;
  const other = otherProcess(folder.path, script);
  expect(await other.said()).toBe('leased');
  expect((await layout.prune()).removed).toEqual([]);
  await other.kill();
  expect((await layout.prune()).removed).toEqual([digestOf('x')]);
  await openLayout(folder.path);
  expect(await readdir(leaseDirectory(folder.path))).toEqual([]);
});

test('what an artifact is about stays with it', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const subject = await makeImage(layout, ['1']);
  const config = await writeJson(layout, {}, mediaTypes.empty);
  const artifact = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType: 'x/y',
    config,
    layers: [],
    subject,
  };
  await layout.tag('artifact', await writeJson(layout, artifact, mediaTypes.manifest));
  expect((await layout.prune()).removed).toEqual([]);
});

test('nothing is removed when a manifest cannot be trusted', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const image = await makeImage(layout, ['1']);
  await layout.write(Buffer.from('unneeded'));
  await layout.tag('x', { ...image, size: image.size - 1 });
  await expect(layout.prune()).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
  expect(await layout.has(digestOf('unneeded'))).toBe(true);
});

test('images that are tagged, untagged and pruned by several processes are never found incomplete', {
  timeout: stress + 60_000,
}, async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  // Every image shares a layer with others, so that what one no longer needs another is about to find.
  const puller = (name: string) => `
    for (let round = 0; ; round++) {
      const texts = ['base', 'shared ' + round % 3, '${name} ' + round % 5];
      const bytes = texts.map((text) => Buffer.from(text.repeat(1000)));
      await using lease = await layout.lease();
      const layers = [];
      for (const content of bytes) {
        const layer = spec.describe(content, spec.mediaTypes.layer);
        await lease.add(layer.digest);
        await using writer = await layout.ingest(layer);
        await writer?.write(content);
        await writer?.commit();
        layers.push(layer);
      }
      const rootfs = { type: 'layers', diff_ids: layers.map(({ digest }) => digest) };
      const json = (document, mediaType) => layout.write(Buffer.from(JSON.stringify(document)), { mediaType, lease });
      const config = await json({ os: 'linux', architecture: 'amd64', rootfs }, spec.mediaTypes.config);
      const manifest = { schemaVersion: 2, mediaType: spec.mediaTypes.manifest, config, layers };
      await layout.tag('${name}', await json(manifest, spec.mediaTypes.manifest));
      await lease[Symbol.asyncDispose]();
      const image = await layout.image('${name}');
      for await (const layer of image.layers()) if (!(await layout.has(layer.descriptor))) say('missing ' + layer.diffId);
      say('round');
      if (round % 2) await layout.untag('${name}');
    }`;
  const pruner = `for (;;) { const { removed } = await layout.prune(); say('removed ' + removed.length); await sleep(Math.random() * 5); }`;
  const scripts = [puller('one'), puller('two'), pruner, pruner];
  const others = scripts.map((script) => otherProcess(folder.path, script));
  const said: string[] = [];
  const listen = async (other: (typeof others)[number]) => {
    for (let line = await other.said(); line !== undefined; line = await other.said()) said.push(line);
  };
  const heard = Promise.all(others.map(listen));
  const first = Promise.race(others.map(({ closed }) => closed));
  // All have begun before the time runs.
  while (!said.includes('round') || !said.some((line) => /removed/.test(line))) {
    if ((await Promise.race([first, sleep(20).then(() => 'going on')])) !== 'going on') break;
  }
  const early = await Promise.race([first, sleep(stress).then(() => 'still going')]);
  await Promise.all(others.map((other) => other.kill()));
  await heard;
  expect(early).toBe('still going');
  expect(said.filter((line) => line.startsWith('missing'))).toEqual([]);
  expect(said.filter((line) => line === 'round').length).toBeGreaterThan(10);
  expect(said.some((line) => /^removed [1-9]/.test(line))).toBe(true);
  // Killed in the middle of whatever they did.
  for await (const { name } of layout.images()) {
    for await (const { descriptor } of (await layout.image(name)).layers())
      expect(await layout.has(descriptor)).toBe(true);
  }
});

test('what changes names or leases waits while blobs are removed', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const image = await makeImage(layout, ['1']);
  await layout.tag('old', image);
  await using lease = await layout.lease();
  const done: string[] = [];
  await using lock = await acquire(layoutLockPath(folder.path));
  const waiting = [
    layout.tag('new', image).then(() => done.push('tag')),
    layout.untag('old').then(() => done.push('untag')),
    lease.add(image.digest).then(() => done.push('lease')),
    layout.write(Buffer.from('x'), { lease }).then(() => done.push('write')),
  ];
  await sleep(100);
  expect(done).toEqual([]);
  await lock[Symbol.asyncDispose]();
  await Promise.all(waiting);
  expect(done.sort()).toEqual(['lease', 'tag', 'untag', 'write']);
});

test('names given by two processes at once are all kept', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const image = await makeImage(layout, ['1']);
  const script = (from: number) =>
    `for (let n = ${from}; n < 60; n += 2) await layout.tag('name-' + n, ${JSON.stringify(image)});`;
  const others = [otherProcess(folder.path, script(0)), otherProcess(folder.path, script(1))];
  expect(await Promise.all(others.map(({ closed }) => closed))).toEqual([0, 0]);
  const names = new Set<string>();
  for await (const { name } of layout.images()) names.add(name);
  expect(names.size).toBe(60);
});
