import { Registry } from '@estiba/registry';
import { expect, test } from 'vitest';
import { RegistryClient } from '../src/client.ts';
import { listOf, MemoryStore, makeImage, makeLayer } from './made.ts';

const tags = ['1', '2', '3', '4', '5'];

async function withTags(options: { pageSize?: number } = {}): Promise<Registry> {
  const registry = await Registry.start(options);
  const store = new MemoryStore();
  const image = makeImage(store, [makeLayer(store, 10)]);
  for (const tag of tags) await registry.add(`demo/app:${tag}`, store, image);
  await registry.add('other:1', store, image);
  return registry;
}

test.each([
  ['at once', {}, {}, tags, 1],
  ['in pages of the registry', { pageSize: 2 }, {}, tags, 3],
  ['in pages as asked for', {}, { pageSize: 2 }, tags, 3],
  ['from one on', { pageSize: 2 }, { after: '2' }, ['3', '4', '5'], 2],
])('tags are listed %s', async (_, registryOptions, options, expected, requests) => {
  await using registry = await withTags(registryOptions);
  using client = new RegistryClient();
  expect(await listOf(client.tags(`${registry.host}/demo/app`, options))).toEqual(expected);
  expect(registry.requests).toHaveLength(requests);
});

test('a full page without a link is not taken for the last one', async () => {
  await using registry = await withTags();
  for (const page of [['1', '2'], ['3', '4'], ['5']]) {
    registry.fail({ path: '/tags/', status: 200, body: JSON.stringify({ name: 'demo/app', tags: page }) });
  }
  using client = new RegistryClient();
  expect(await listOf(client.tags(`${registry.host}/demo/app`, { pageSize: 2 }))).toEqual(tags);
  expect(registry.requests.map(({ path }) => path.replace(/.*\?/, ''))).toEqual(['n=2', 'n=2&last=2', 'n=2&last=4']);
});

test.each([2, 5])('a registry that does not count, asked for %i, is not asked for ever', async (pageSize) => {
  await using registry = await withTags();
  const body = JSON.stringify({ name: 'demo/app', tags });
  registry.fail({ path: '/tags/', status: 200, body, times: 99 });
  using client = new RegistryClient();
  expect(await listOf(client.tags(`${registry.host}/demo/app`, { pageSize }))).toEqual(tags);
});

test('the repositories of a registry are listed', async () => {
  await using registry = await withTags({ pageSize: 1 });
  using client = new RegistryClient();
  expect(await listOf(client.catalog(registry.host))).toEqual(['demo/app', 'other']);
});

test('a registry without a dot or a port is not taken for a part of Docker Hub', () => {
  using client = new RegistryClient();
  expect(() => client.catalog('registry')).toThrow('cannot read registry name "registry"');
});

test.each([
  ['to itself', '</v2/demo/app/tags/list?n=1>; rel="next"', '{"tags":["1"]}', 'UNEXPECTED'],
  [
    'to another host',
    '<http://169.254.169.254/v2/demo/app/tags/list?n=1>; rel="next"',
    '{"tags":["1"]}',
    'REDIRECT_REFUSED',
  ],
])('a page that leads %s is an error', async (_, link, body, code) => {
  await using registry = await Registry.start();
  registry.fail({ path: '/tags/', status: 200, headers: { link }, body, times: 99 });
  using client = new RegistryClient();
  await expect(listOf(client.tags(`${registry.host}/demo/app`))).rejects.toMatchObject({ code });
  expect(registry.requests.length).toBeLessThan(3);
});

test('pages without end that say nothing are given up', async () => {
  await using registry = await Registry.start();
  for (let page = 0; page < 99; page++) {
    const headers = { link: `<?n=1&last=${page}>; rel="next"` };
    registry.fail({ path: '/tags/', status: 200, headers, body: '{"tags":[]}' });
  }
  using client = new RegistryClient();
  await expect(listOf(client.tags(`${registry.host}/demo/app`))).rejects.toMatchObject({ code: 'UNEXPECTED' });
  expect(registry.requests.length).toBeLessThan(30);
});

test.each(['[]', '{"tags":[1]}', '{"tags":"1"}', '{"tags":', '<html>'])('%s is no list of tags', async (body) => {
  await using registry = await Registry.start();
  registry.fail({ path: '/tags/', status: 200, body });
  using client = new RegistryClient();
  await expect(listOf(client.tags(`${registry.host}/demo/app`))).rejects.toMatchObject({ code: 'UNEXPECTED' });
});
