import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Digest, digestOf, type ImageLayout, mediaTypes } from '@estiba/image-spec';
import { expect, test, vi } from 'vitest';
import { Registry } from '../src/registry.ts';
import { ask, pushContent, pushDocument, pushImage } from './ask.ts';
import { scratchLayout } from './client.ts';

async function names(layout: ImageLayout): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of layout.images()) found.push(name);
  return found.sort();
}

test('repositories, tags, manifests without a tag and referrers survive a restart', async () => {
  await using layout = await scratchLayout();
  const platform = { os: 'linux', architecture: 'arm64' };
  let digests: Record<string, Digest>;
  {
    await using registry = await Registry.start({ storage: layout });
    const { answer: _, ...image } = await pushImage(registry, 'demo/app');
    const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [{ ...image, platform }] };
    const { answer: __, ...listed } = await pushDocument(registry, 'demo/app:all', index);
    const signature = await pushImage(registry, 'demo/app', { subject: listed, artifactType: 'application/signature' });
    await pushImage(registry, 'other:1');
    digests = { image: image.digest, index: listed.digest, signature: signature.digest };
  }
  await using registry = await Registry.start({ storage: layout });
  expect((await ask(registry, 'GET', '_catalog')).json()).toEqual({ repositories: ['demo/app', 'other'] });
  expect((await ask(registry, 'GET', 'demo/app/tags/list')).json()).toEqual({ name: 'demo/app', tags: ['all'] });
  for (const reference of ['all', ...Object.values(digests)]) {
    const got = await ask(registry, 'GET', `demo/app/manifests/${reference}`);
    expect(digestOf(got.body)).toBe(reference === 'all' ? digests.index : reference);
  }
  const referrers = (await ask(registry, 'GET', `demo/app/referrers/${digests.index}`)).json().manifests;
  expect(referrers).toMatchObject([{ digest: digests.signature, artifactType: 'application/signature' }]);
  for (const [name, status] of [
    ['demo/app', 200],
    ['elsewhere', 404],
  ]) {
    expect((await ask(registry, 'HEAD', `${name}/blobs/${digestOf('{}')}`)).status).toBe(status);
  }
});

test('a manifest has a name of its own for as long as it has no tag', async () => {
  await using layout = await scratchLayout();
  await using registry = await Registry.start({ storage: layout, deletes: true });
  const first = await pushImage(registry, 'demo:1');
  expect(await names(layout)).toEqual(['demo:1']);
  await pushImage(registry, 'demo:1', { annotations: { second: 'yes' } });
  expect(await names(layout)).toEqual(['demo:1', `demo@${first.digest}`]);
  await ask(registry, 'DELETE', `demo/manifests/${first.digest}`);
  const third = await pushImage(registry, 'demo:2', { annotations: { third: 'yes' } });
  await ask(registry, 'DELETE', 'demo/manifests/2');
  expect(await names(layout)).toEqual(['demo:1', `demo@${third.digest}`]);
  await ask(registry, 'DELETE', `demo/manifests/${third.digest}`);
  expect(await names(layout)).toEqual(['demo:1']);
});

test('a layout that is pruned keeps what the registry has', async () => {
  await using layout = await scratchLayout();
  await using registry = await Registry.start({ storage: layout });
  const { digest } = await pushImage(registry, 'demo');
  const waste = await layout.write(Buffer.from('waste'));
  await layout.prune();
  expect([await layout.has(digest), await layout.has(digestOf('{}')), await layout.has(waste.digest)]).toEqual([
    true,
    true,
    false,
  ]);
});

test('what is lost from a layout is not served, and the rest is', async () => {
  await using layout = await scratchLayout();
  const lost = { mediaType: mediaTypes.manifest, digest: digestOf('lost'), size: 4 };
  await layout.tag('lost:1', lost);
  {
    await using registry = await Registry.start({ storage: layout });
    await pushImage(registry, 'demo:1');
  }
  await using registry = await Registry.start({ storage: layout });
  expect((await ask(registry, 'GET', '_catalog')).json()).toEqual({ repositories: ['demo'] });
});

test('a blob that no manifest has mentioned is asked for again after a restart', async () => {
  await using layout = await scratchLayout();
  {
    await using registry = await Registry.start({ storage: layout });
    await pushContent(registry, 'demo', 'alone');
  }
  await using registry = await Registry.start({ storage: layout });
  expect((await ask(registry, 'HEAD', `demo/blobs/${digestOf('alone')}`)).status).toBe(404);
});

test('a blob waits for its manifest, whoever prunes the layout meanwhile', async () => {
  await using layout = await scratchLayout();
  const alone = digestOf('alone');
  {
    await using registry = await Registry.start({ storage: layout });
    await pushContent(registry, 'demo', 'alone');
    await pushContent(registry, 'demo', 'alone');
    await layout.prune();
    expect(await layout.has(alone)).toBe(true);
  }
  await layout.prune();
  expect(await layout.has(alone)).toBe(false);
});

test('what was deleted goes with the next pruning', async () => {
  await using layout = await scratchLayout();
  await using registry = await Registry.start({ storage: layout, deletes: true });
  const { digest } = await pushImage(registry, 'demo:1');
  await ask(registry, 'DELETE', `demo/manifests/${digest}`);
  await pushContent(registry, 'demo', 'again');
  await ask(registry, 'DELETE', `demo/blobs/${digestOf('again')}`);
  await layout.prune();
  expect([await layout.has(digest), await layout.has(digestOf('{}')), await layout.has(digestOf('again'))]).toEqual([
    false,
    false,
    false,
  ]);
});

test('whatever tag several manifests are pushed to at once, each is found by its digest after a restart', async () => {
  await using layout = await scratchLayout();
  let digests: Digest[];
  {
    await using registry = await Registry.start({ storage: layout });
    const images = Array.from({ length: 6 }, (_, at) =>
      pushImage(registry, 'demo:1', { annotations: { at: `${at}` } }),
    );
    digests = (await Promise.all(images)).map(({ digest }) => digest);
  }
  await using registry = await Registry.start({ storage: layout });
  for (const digest of digests) expect((await ask(registry, 'GET', `demo/manifests/${digest}`)).status).toBe(200);
});

test('a layout can be read again whatever a manifest was sent as', async () => {
  await using layout = await scratchLayout();
  {
    await using registry = await Registry.start({ storage: layout });
    const { body } = await pushedWithoutType(registry);
    for (const [tag, type] of [
      ['parameter', `${mediaTypes.manifest}; charset=utf-8`],
      ['json', 'application/json'],
      ['bytes', 'application/octet-stream'],
    ] as const) {
      const { status } = await ask(registry, 'PUT', `demo/manifests/${tag}`, {
        headers: { 'content-type': type },
        body,
      });
      expect(status).toBe(201);
    }
  }
  await using registry = await Registry.start({ storage: layout });
  for (const tag of ['parameter', 'json', 'bytes']) {
    const { headers } = await ask(registry, 'GET', `demo/manifests/${tag}`);
    expect(headers.get('content-type')).toBe(mediaTypes.manifest);
  }
});

test('what a lenient registry took only a lenient one has after a restart, and the rest any', async () => {
  await using layout = await scratchLayout();
  const put = (registry: Registry, tag: string, type: string) =>
    ask(registry, 'PUT', `demo/manifests/${tag}`, { headers: { 'content-type': type }, body: tag });
  {
    await using registry = await Registry.start({ storage: layout, lenient: true });
    await pushImage(registry, 'demo:1');
    for (const type of ['text/plain', 'no type']) await put(registry, type.replace(/\W/, '-'), type);
  }
  for (const [lenient, status, type] of [
    [false, 404, undefined],
    [true, 200, 'text/plain'],
  ] as const) {
    await using registry = await Registry.start({ storage: layout, lenient });
    expect((await ask(registry, 'GET', 'demo/manifests/1')).status).toBe(200);
    const plain = await ask(registry, 'GET', 'demo/manifests/text-plain');
    expect(plain.status).toBe(status);
    if (type === undefined) continue;
    expect([plain.body.toString(), plain.headers.get('content-type')]).toEqual(['text-plain', type]);
    const untyped = await ask(registry, 'GET', 'demo/manifests/no-type');
    expect(untyped.headers.get('content-type')).toBe('application/octet-stream');
  }
});

test('an index that lists layers is there after a restart, with its layers', async () => {
  await using layout = await scratchLayout();
  let digest: Digest;
  {
    await using registry = await Registry.start({ storage: layout });
    const layer = { ...(await pushContent(registry, 'demo', 'cache')), mediaType: mediaTypes.layerGzip };
    const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [layer] };
    ({ digest } = await pushDocument(registry, 'demo:cache', index));
  }
  await using registry = await Registry.start({ storage: layout });
  expect(digestOf((await ask(registry, 'GET', 'demo/manifests/cache')).body)).toBe(digest);
  expect((await ask(registry, 'GET', `demo/blobs/${digestOf('cache')}`)).body.toString()).toBe('cache');
});

test('a name by which nobody could ask is not listed', async () => {
  await using layout = await scratchLayout();
  {
    await using registry = await Registry.start({ storage: layout });
    const { answer: _, ...image } = await pushImage(registry, 'demo:1');
    for (const name of ['localhost:5000/app:1', 'App:1']) await layout.tag(name, image);
  }
  await using registry = await Registry.start({ storage: layout });
  expect((await ask(registry, 'GET', '_catalog')).json()).toEqual({ repositories: ['demo'] });
});

/** An image whose manifest does not say what it is. */
async function pushedWithoutType(registry: Registry): Promise<{ body: Buffer }> {
  await pushImage(registry, 'demo:typed');
  const { mediaType: _, ...document } = (await ask(registry, 'GET', 'demo/manifests/typed')).json();
  return { body: Buffer.from(JSON.stringify(document)) };
}

test('a content that is not that of its digest leaves no lease, and the one that is keeps its own', async () => {
  await using layout = await scratchLayout();
  await using registry = await Registry.start({ storage: layout });
  const { digest } = await pushContent(registry, 'demo', 'right');
  const leases = () => readdir(join(layout.directory, '.leases'));
  const before = await leases();
  for (const content of ['wrong', 'also wrong']) {
    const { status } = await ask(registry, 'POST', `demo/blobs/uploads/?digest=${digest}`, { body: content });
    expect(status).toBe(400);
  }
  expect([before.length, await leases()]).toEqual([1, before]);
  await layout.prune();
  expect(await layout.has(digest)).toBe(true);
});

test('a registry that is closed has ended what it was writing', async () => {
  await using layout = await scratchLayout();
  const registry = await Registry.start({ storage: layout });
  const content = 'written slowly';
  const received = new Promise<void>((resolve) => {
    const writer = layout.writer.bind(layout);
    vi.spyOn(layout, 'writer').mockImplementation(async (expect) => {
      const made = await writer(expect);
      const commit = made.commit.bind(made);
      made.commit = async (known) => {
        resolve();
        await sleep(100);
        return commit(known);
      };
      return made;
    });
  });
  const pushed = pushContent(registry, 'demo', content).catch(() => {});
  await received;
  await registry.close();
  expect(await readdir(join(layout.directory, '.leases'))).toEqual([]);
  expect(await layout.has(digestOf(content))).toBe(true);
  await pushed;
});
