import { digestOf, mediaTypes } from '@estiba/image-spec';
import { expect, test } from 'vitest';
import { Registry } from '../src/registry.ts';
import { ask, pushContent, pushDocument, pushImage } from './ask.ts';
import { codeOf } from './client.ts';

const headers = { 'content-type': mediaTypes.manifest };

test('a manifest needs its blobs in its own repository', async () => {
  await using registry = await Registry.start();
  await pushImage(registry, 'other:1');
  const { body } = await ask(registry, 'GET', 'other/manifests/1');
  const refused = await ask(registry, 'PUT', 'demo/manifests/1', { headers, body });
  expect([refused.status, refused.body.toString()]).toEqual([404, expect.stringContaining('MANIFEST_BLOB_UNKNOWN')]);
});

test('an index needs the images of its own repository', async () => {
  await using registry = await Registry.start();
  const { answer: _, ...image } = await pushImage(registry, 'other:1');
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [image] };
  expect((await pushDocument(registry, 'demo:1', index)).answer.status).toBe(404);
  expect((await pushDocument(registry, 'other:2', index)).answer.status).toBe(201);
});

test('an index may list what is no manifest', async () => {
  await using registry = await Registry.start();
  const layer = { ...(await pushContent(registry, 'demo', 'cache')), mediaType: mediaTypes.layerGzip };
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [layer] };
  expect((await pushDocument(registry, 'demo:cache', index)).answer.status).toBe(201);
});

test('a blob has the size that the manifest says', async () => {
  await using registry = await Registry.start();
  const config = { mediaType: mediaTypes.config, digest: digestOf('{}'), size: 3 };
  const { answer } = await pushImage(registry, 'demo:1', { config });
  expect([answer.status, answer.body.toString()]).toEqual([400, expect.stringContaining('has 2 bytes, and not 3')]);
});

test.each([
  ['is two things', { manifests: [], layers: [] }],
  ['is of another kind than it was sent as', { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] }],
  ['is of another version', { schemaVersion: 1, name: 'demo' }],
  ['lacks its config', { schemaVersion: 2, layers: [] }],
])('a document that %s is no manifest', async (_, document) => {
  await using registry = await Registry.start();
  const response = await fetch(`${registry.url}/v2/demo/manifests/1`, {
    method: 'PUT',
    headers,
    body: JSON.stringify(document),
  });
  expect(await codeOf(response)).toBe('MANIFEST_INVALID');
  expect((await ask(registry, 'GET', '_catalog')).json()).toEqual({ repositories: [] });
});

test('a lenient registry takes anything, and gives it back as it came', async () => {
  await using registry = await Registry.start({ lenient: true });
  for (const [tag, body, type] of [
    ['sparse', JSON.stringify({ schemaVersion: 2, manifests: [{ digest: digestOf('x'), size: 1 }] }), mediaTypes.index],
    ['nonsense', '\u0000 no JSON', mediaTypes.manifest],
    ['strange', '{}', 'application/vnd.example'],
  ] as const) {
    const put = await ask(registry, 'PUT', `demo/manifests/${tag}`, { headers: { 'content-type': type }, body });
    const got = await ask(registry, 'GET', `demo/manifests/${tag}`);
    expect([put.status, got.body.toString(), got.headers.get('content-type')]).toEqual([201, body, type]);
  }
});

test('a manifest that is too long is refused, however it comes', async () => {
  await using registry = await Registry.start({ maxManifestBytes: 1000 });
  const { answer } = await pushImage(registry, 'demo:1', { annotations: { a: 'x'.repeat(1000) } });
  expect([answer.status, answer.body.toString()]).toEqual([413, expect.stringContaining('SIZE_INVALID')]);
});

test.each([
  ['demo/manifests/.hidden', 'NAME_INVALID'],
  [`demo/manifests/${'x'.repeat(129)}`, 'NAME_INVALID'],
  ['demo/manifests/sha256:abc', 'DIGEST_INVALID'],
  ['Demo/manifests/1', 'NAME_INVALID'],
  ['a__b---c//d/manifests/1', 'NAME_INVALID'],
  [`${'x/'.repeat(128)}y/manifests/1`, 'NAME_INVALID'],
])('nothing is pushed to %s', async (path, code) => {
  await using registry = await Registry.start();
  const response = await fetch(`${registry.url}/v2/${path}`, { method: 'PUT', headers, body: '{}' });
  expect([response.status, await codeOf(response)]).toEqual([400, code]);
});

test('tags given beside a digest are tags, not too many, and not everywhere', async () => {
  const put = async (registry: Registry, query: string) => {
    const { digest } = await pushImage(registry, 'demo');
    const { body } = await ask(registry, 'GET', `demo/manifests/${digest}`);
    return ask(registry, 'PUT', `demo/manifests/${digest}?${query}`, { headers, body });
  };
  await using registry = await Registry.start();
  expect((await put(registry, `tag=${digestOf('x')}`)).status).toBe(400);
  expect((await put(registry, 'tag=.x')).status).toBe(400);
  const many = Array.from({ length: 101 }, (_, index) => `tag=t${index}`).join('&');
  expect((await put(registry, many)).status).toBe(414);
  await using older = await Registry.start({ lacks: ['tag-parameters'] });
  const answer = await put(older, 'tag=x');
  expect([answer.status, answer.headers.get('oci-tag')]).toEqual([201, null]);
});

test('nothing is deleted unless that was wanted', async () => {
  await using registry = await Registry.start();
  const { digest } = await pushImage(registry, 'demo:1');
  for (const path of ['manifests/1', `manifests/${digest}`, `blobs/${digestOf('{}')}`]) {
    expect((await ask(registry, 'DELETE', `demo/${path}`)).status).toBe(405);
  }
  expect((await ask(registry, 'HEAD', `demo/manifests/${digest}`)).status).toBe(200);
});

test.each([
  [false, 413],
  [true, 201],
])('a manifest of more than 4 MiB is taken by none but a lenient registry (%s)', async (lenient, status) => {
  await using registry = await Registry.start({ lenient, maxManifestBytes: 8 * 2 ** 20 });
  const { answer } = await pushImage(registry, 'demo:1', { annotations: { long: 'x'.repeat(5 * 2 ** 20) } });
  expect(answer.status).toBe(status);
});
