import { type Digest, digestOf, type ImageLayout, mediaTypes } from '@estiba/image-spec';
import { expect, test } from 'vitest';
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
