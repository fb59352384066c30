import { setTimeout as sleep } from 'node:timers/promises';
import { type Descriptor, mediaTypes } from '@estiba/image-spec';
import { Registry, type RegistryOptions } from '@estiba/registry';
import { expect, test } from 'vitest';
import { RegistryClient } from '../src/client.ts';
import { referrersTag } from '../src/referrers-tag.ts';
import { addManifest, listOf, MemoryStore, makeImage, makeIndex, makeLayer, makeReferrer, nowhere } from './made.ts';

interface Setting extends AsyncDisposable {
  readonly store: MemoryStore;
  readonly registry: Registry;
  readonly client: RegistryClient;
  readonly image: Descriptor;
  readonly name: string;
  /** Pushes something about the image. */
  refer(artifactType: string, client?: RegistryClient): Promise<Descriptor>;
  digests(artifactType?: string): Promise<string[]>;
}

/** With an image. */
async function setting(options: RegistryOptions = {}): Promise<Setting> {
  const registry = await Registry.start({ deletes: true, ...options });
  const client = new RegistryClient({ retryDelay: 1 });
  const store = new MemoryStore();
  const image = makeImage(store, [makeLayer(store, 10)]);
  const name = `${registry.host}/app:1`;
  await client.push(image, name, { from: store });
  return {
    store,
    registry,
    client,
    image,
    name,
    async refer(artifactType, by = client) {
      const referrer = makeReferrer(store, image, artifactType);
      return by.push(referrer, `${registry.host}/app@${referrer.digest}`, { from: store });
    },
    async digests(artifactType) {
      const found = await listOf(client.referrers(name, artifactType === undefined ? {} : { artifactType }));
      return found.map(({ digest }) => digest);
    },
    async [Symbol.asyncDispose]() {
      client.close();
      await registry.close();
    },
  };
}

const kinds: [string, RegistryOptions][] = [
  ['of the registry', {}],
  ['of the registry, in pages', { pageSize: 1 }],
  ['under a tag', { lacks: ['referrers'] }],
];

test.each(kinds)('what refers to an image is on the list %s', async (_, options) => {
  await using given = await setting(options);
  expect(await given.digests()).toEqual([]);
  const signature = await given.refer('application/x.signature');
  const contents = await given.refer('application/x.contents');
  expect((await given.digests()).sort()).toEqual([signature.digest, contents.digest].sort());
  expect(await given.digests('application/x.contents')).toEqual([contents.digest]);
  expect(await given.digests('application/x.other')).toEqual([]);
  const [entry] = await listOf(given.client.referrers(given.name, { artifactType: 'application/x.contents' }));
  expect(entry).toMatchObject({ ...contents, artifactType: 'application/x.contents' });
});

test.each(kinds)('what was deleted is no longer on the list %s', async (_, options) => {
  await using given = await setting(options);
  const [first, second] = [await given.refer('application/x.one'), await given.refer('application/x.two')];
  expect(await given.client.delete(`${given.registry.host}/app@${first.digest}`)).toBe(true);
  expect(await given.digests()).toEqual([second.digest]);
});

test('the list under a tag is kept only where the registry keeps none', async () => {
  await using modern = await setting();
  await modern.refer('application/x.one');
  expect(await listOf(modern.client.tags(modern.name))).toEqual(['1']);
  await using old = await setting({ lacks: ['referrers'] });
  const referrer = await old.refer('application/x.one');
  const tag = `sha256-${old.image.digest.slice(7)}`;
  expect(await listOf(old.client.tags(old.name))).toEqual(['1', tag]);
  // As the specification shows it.
  expect(await old.client.manifest(`${old.registry.host}/app:${tag}`)).toEqual({
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: [{ ...referrer, artifactType: 'application/x.one' }],
  });
});

test('a referrer that is pushed again is on the list once', async () => {
  await using given = await setting({ lacks: ['referrers'] });
  const referrer = await given.refer('application/x.one');
  await given.client.push(referrer, `${given.registry.host}/app@${referrer.digest}`, { from: given.store });
  expect(await given.digests()).toEqual([referrer.digest]);
});

test('a push that ended before the list was written is made up for by the next', async () => {
  await using given = await setting({ lacks: ['referrers'] });
  given.registry.fail({ method: 'GET', path: '/manifests/sha256-', status: 403 });
  await expect(given.refer('application/x.one')).rejects.toMatchObject({ code: 'DENIED' });
  const digest = [...given.store.digests()].at(-1);
  const put = given.registry.requests
    .filter(({ method, path }) => method === 'PUT' && path.includes('manifests'))
    .at(-1);
  expect(put?.path).toContain(digest);
  const size = Number(put?.headers['content-length']);
  const referrer = { mediaType: mediaTypes.manifest, digest: digest ?? nowhere, size };
  await given.client.push(referrer, `${given.registry.host}/app@${digest}`, { from: given.store });
  expect(await given.digests()).toEqual([digest]);
});

test('several who refer to one image at the same time are all on its list', async () => {
  await using given = await setting({ lacks: ['referrers'] });
  const clients = Array.from({ length: 4 }, () => new RegistryClient({ retryDelay: 1 }));
  const pushed = await Promise.all(clients.map((client, place) => given.refer(`application/x.n${place}`, client)));
  for (const client of clients) client.close();
  expect((await given.digests()).sort()).toEqual(pushed.map(({ digest }) => digest).sort());
});

test('they all are although the registry wants to be left alone in between', async () => {
  await using given = await setting({ lacks: ['referrers'] });
  const tag = referrersTag(given.image.digest);
  given.registry.fail({ method: 'PUT', path: tag, status: 503, retryAfter: 1 });
  const clients = Array.from({ length: 2 }, () => new RegistryClient({ retryDelay: 1 }));
  const pushed = await Promise.all(
    [0, 1, 2].flatMap((round) =>
      clients.map((client, place) => given.refer(`application/x.n${round}${place}`, client)),
    ),
  );
  for (const client of clients) client.close();
  expect((await given.digests()).sort()).toEqual(pushed.map(({ digest }) => digest).sort());
});

test('they all are although one of them is slow', async () => {
  await using given = await setting({ lacks: ['referrers'] });
  given.registry.fail({ method: 'PUT', path: referrersTag(given.image.digest), delay: 400 });
  const pushed = await Promise.all([0, 1, 2, 3].map((place) => given.refer(`application/x.n${place}`)));
  expect((await given.digests()).sort()).toEqual(pushed.map(({ digest }) => digest).sort());
});

test('what another process wrote while the registry wanted to be left alone is not overwritten', async () => {
  await using given = await setting({ lacks: ['referrers'] });
  const { registry, image } = given;
  const tag = referrersTag(image.digest);
  registry.fail({ method: 'PUT', path: tag, status: 503, retryAfter: 1 });
  const pushing = given.refer('application/x.one');
  const refused = () => registry.requests.some(({ method, status }) => method === 'PUT' && status === 503);
  while (!refused()) await sleep(5);
  const other = { ...image, artifactType: 'application/x.other' };
  const body = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [other] });
  const headers = { 'content-type': mediaTypes.index };
  await fetch(`${registry.url}/v2/app/manifests/${tag}`, { method: 'PUT', headers, body });
  expect(await given.digests()).toEqual([image.digest]);
  const { digest } = await pushing;
  expect(await given.digests()).toEqual([image.digest, digest]);
});

test('whoever waits for others to change the list obeys the signal', async () => {
  await using given = await setting({ lacks: ['referrers'] });
  given.registry.fail({ method: 'PUT', path: referrersTag(given.image.digest), delay: 1000 });
  const first = given.refer('application/x.first');
  const referrer = makeReferrer(given.store, given.image, 'application/x.second');
  const signal = AbortSignal.timeout(300);
  const { host } = given.registry;
  const second = given.client.push(referrer, `${host}/app@${referrer.digest}`, { from: given.store, signal });
  await expect(second.catch((error) => error === signal.reason)).resolves.toBe(true);
  expect(await Promise.race([first, 'still changing'])).toBe('still changing');
  await first;
  expect(await given.digests()).toEqual([(await first).digest]);
});

test('an entry that somebody else overwrote is put on the list again, beside theirs', async () => {
  await using given = await setting({ lacks: ['referrers'], lenient: true });
  const tag = referrersTag(given.image.digest);
  const other = { ...given.image, digest: nowhere, artifactType: 'application/x.other' };
  const overwritten = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [other] };
  const headers = { 'content-type': mediaTypes.index };
  given.registry.fail({ method: 'GET', path: tag, after: 1, status: 200, headers, body: JSON.stringify(overwritten) });
  const referrer = await given.refer('application/x.one');
  expect(await given.digests()).toEqual([nowhere, referrer.digest]);
});

test('a list that somebody else changed meanwhile, as the registry says, is read again', async () => {
  await using given = await setting({ lacks: ['referrers'] });
  const tag = referrersTag(given.image.digest);
  given.registry.fail({ method: 'PUT', path: tag, status: 412 });
  const referrer = await given.refer('application/x.one');
  expect(await given.digests()).toEqual([referrer.digest]);
  const puts = given.registry.requests.filter(({ method, path }) => method === 'PUT' && path.includes(tag));
  expect(puts.map(({ status, headers }) => [status, headers['if-none-match']])).toEqual([
    [412, '*'],
    [201, '*'],
  ]);
});

test('where the list should be is something else: it stays as it is', async () => {
  await using given = await setting({ lacks: ['referrers'] });
  const tag = referrersTag(given.image.digest);
  await given.client.push(given.image, `${given.registry.host}/app:${tag}`, { from: given.store });
  await expect(given.refer('application/x.one')).rejects.toMatchObject({ code: 'MEDIA_TYPE_UNSUPPORTED' });
  expect((await given.client.resolve(`${given.registry.host}/app:${tag}`)).digest).toBe(given.image.digest);
});

test('an index refers to something, too', async () => {
  await using given = await setting({ lacks: ['referrers'] });
  const { mediaType, digest, size } = given.image;
  const inner = makeImage(given.store, [makeLayer(given.store, 10)]);
  const index = makeIndex(given.store, [inner], {
    subject: { mediaType, digest, size },
    artifactType: 'application/x.many',
  });
  await given.client.push(index, `${given.registry.host}/app:many`, { from: given.store });
  expect(await given.digests('application/x.many')).toEqual([index.digest]);
});

test('a registry that filters is believed', async () => {
  await using given = await setting();
  const entry = { mediaType: mediaTypes.manifest, digest: nowhere, size: 10 };
  const body = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [entry] });
  const headers = { 'content-type': mediaTypes.index };
  given.registry.fail({ path: '/referrers/', status: 200, headers, body });
  expect(await given.digests('application/x.one')).toEqual([]);
  const filtered = { ...headers, 'oci-filters-applied': 'artifactType' };
  given.registry.fail({ path: '/referrers/', status: 200, headers: filtered, body });
  expect(await given.digests('application/x.one')).toEqual([nowhere]);
});

test('an error in the middle of a list is not taken for the lack of one', async () => {
  await using given = await setting({ pageSize: 1 });
  await given.refer('application/x.one');
  await given.refer('application/x.two');
  given.registry.fail({ path: '/referrers/', after: 1, status: 404 });
  await expect(given.digests()).rejects.toMatchObject({ status: 404 });
});

test('the tag for a long digest is as long as a tag may be', () => {
  expect(referrersTag(`sha512:${'a'.repeat(128)}`)).toBe(`sha512-${'a'.repeat(64)}`);
});

test('a subject may be missing', async () => {
  await using given = await setting();
  const config = given.store.add('{}', mediaTypes.empty);
  const subject = { mediaType: mediaTypes.manifest, digest: nowhere, size: 7 };
  const early = addManifest(given.store, { artifactType: 'application/x.early', config, layers: [config], subject });
  await given.client.push(early, `${given.registry.host}/app@${early.digest}`, { from: given.store });
  const found = await listOf(given.client.referrers(`${given.registry.host}/app@${nowhere}`));
  expect(found.map(({ digest }) => digest)).toEqual([early.digest]);
});
