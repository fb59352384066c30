import { digestOf, isImageIndex, mediaTypes } from '@estiba/image-spec';
import { Registry } from '@estiba/registry';
import { expect, test } from 'vitest';
import { RegistryClient } from '../src/client.ts';
import { makeImage, scratchLayout } from './fixture.ts';

const manifest = {
  schemaVersion: 2,
  mediaType: mediaTypes.manifest,
  config: { mediaType: mediaTypes.config, digest: digestOf('c'), size: 1 },
  layers: [],
};
const body = JSON.stringify(manifest);
const headers = { 'content-type': mediaTypes.manifest };

test('a name is resolved without fetching the manifest', async () => {
  await using layout = await scratchLayout();
  await using registry = await Registry.start();
  const descriptor = await makeImage(layout, [10]);
  const name = await registry.add('demo/app:1', layout, descriptor);
  using client = new RegistryClient();
  expect(await client.resolve(name)).toEqual(descriptor);
  expect(await client.resolve(name.replace(':1', `@${descriptor.digest}`))).toEqual(descriptor);
  expect(registry.requests.map(({ method }) => method)).toEqual(['HEAD', 'HEAD']);
});

test.each([
  ['refuses HEAD', { status: 405 }],
  ['tells no digest', { status: 200, headers: { ...headers, 'content-length': '5' } }],
])('the manifest of a registry that %s is fetched', async (_, fault) => {
  await using layout = await scratchLayout();
  await using registry = await Registry.start();
  const descriptor = await makeImage(layout, [10]);
  const name = await registry.add('demo/app:1', layout, descriptor);
  registry.fail({ method: 'HEAD', ...fault });
  using client = new RegistryClient();
  expect(await client.resolve(name)).toEqual(descriptor);
  expect(registry.requests.map(({ method }) => method)).toEqual(['HEAD', 'GET']);
});

test('an unknown name is an error in the words of the registry', async () => {
  await using registry = await Registry.start();
  using client = new RegistryClient();
  const error = await client.resolve(`${registry.host}/demo/none:1`).catch((reason) => reason);
  expect(error).toMatchObject({ name: 'RegistryError', code: 'MANIFEST_UNKNOWN', status: 404, retryable: false });
  expect(error.message).toContain(`read manifest ${registry.host}/demo/none:1`);
  expect(error.url).toBe(`${registry.url}/v2/demo/none/manifests/1`);
});

test('a manifest of another digest than the one asked for is refused', async () => {
  await using registry = await Registry.start();
  registry.fail({ status: 200, headers, body });
  using client = new RegistryClient();
  await expect(client.manifest(`${registry.host}/x@${digestOf('other')}`)).rejects.toMatchObject({
    code: 'DIGEST_MISMATCH',
  });
});

test('a manifest of another digest than the registry claims is refused', async () => {
  await using registry = await Registry.start();
  registry.fail({ status: 200, headers: { ...headers, 'docker-content-digest': digestOf('other') }, body });
  using client = new RegistryClient();
  await expect(client.manifest(`${registry.host}/x:1`)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
});

test('a manifest sent as something else is refused', async () => {
  await using registry = await Registry.start();
  registry.fail({ status: 200, headers: { 'content-type': mediaTypes.index }, body });
  using client = new RegistryClient();
  await expect(client.manifest(`${registry.host}/x:1`)).rejects.toMatchObject({ code: 'MEDIA_TYPE_CONFLICT' });
});

test('a manifest without a Content-Type is read by its own', async () => {
  await using registry = await Registry.start();
  registry.fail({ status: 200, body });
  using client = new RegistryClient();
  expect(isImageIndex(await client.manifest(`${registry.host}/x:1`))).toBe(false);
});

test('a manifest that is too long is not read to its end', async () => {
  await using registry = await Registry.start();
  registry.fail({ status: 200, headers, body: Buffer.alloc(20 * 1024 * 1024) });
  using client = new RegistryClient();
  await expect(client.manifest(`${registry.host}/x:1`)).rejects.toThrow('longer than 4194304 bytes');
});

test.each([
  ['HTML', '<html>oops</html>', 'DENIED'],
  ['nothing', undefined, 'DENIED'],
  ['a code', '{"errors":[{"code":"NAME_INVALID","message":"bad"}]}', 'NAME_INVALID'],
  ['an empty list', '{"errors":[]}', 'DENIED'],
])('an error document with %s is understood', async (_, text, code) => {
  await using registry = await Registry.start();
  registry.fail({ status: 403, ...(text === undefined ? {} : { body: text }) });
  using client = new RegistryClient();
  await expect(client.manifest(`${registry.host}/x:1`)).rejects.toMatchObject({ code, status: 403 });
});

test('an error does not carry escape sequences of the registry', async () => {
  await using registry = await Registry.start();
  registry.fail({
    status: 400,
    body: JSON.stringify({ errors: [{ code: 'X', message: '\u001b[2Jgone\u0007\u009b' }] }),
  });
  using client = new RegistryClient();
  const error = await client.manifest(`${registry.host}/x:1`).catch((reason) => reason);
  expect(error.message).toMatch(/^[\x20-\x7e]+$/);
});

test('a manifest that is cut off is asked for again', async () => {
  await using layout = await scratchLayout();
  await using registry = await Registry.start();
  const descriptor = await makeImage(layout, [10]);
  const name = await registry.add('demo/app:1', layout, descriptor);
  registry.fail({ path: '/manifests/', cutAfter: 10, times: 2 });
  using client = new RegistryClient({ retryDelay: 1 });
  expect((await client.manifest(name)).schemaVersion).toBe(2);
});
