/** Whatever is waited for, the signal ends it, with its reason. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Readable } from 'node:stream';
import type { BlobSource, Descriptor, ImageLayout } from '@estiba/image-spec';
import { type Fault, Registry, type RegistryOptions } from '@estiba/registry';
import { expect, test, vi } from 'vitest';
import { RegistryClient, type RegistryClientOptions } from '../src/client.ts';
import { dockerCredentials } from '../src/docker-credentials.ts';
import { makeImage, scratchLayout } from './fixture.ts';
import { serveTcp } from './odd-server.ts';

const ann = { username: 'ann', password: 'secret' };
const enough = new Error('enough');

/** After 100 ms, and soon after. */
async function expectEnd(begin: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(enough), 100);
  const started = performance.now();
  try {
    await expect(begin(controller.signal)).rejects.toBe(enough);
  } finally {
    clearTimeout(timer);
  }
  expect(performance.now() - started).toBeGreaterThan(90);
  expect(performance.now() - started).toBeLessThan(5000);
}

interface Setting extends AsyncDisposable {
  readonly into: ImageLayout;
  readonly registry: Registry;
  readonly descriptor: Descriptor;
  readonly layer: Descriptor;
  readonly name: string;
}

async function setting(options: RegistryOptions = {}): Promise<Setting> {
  const [from, into, registry] = await Promise.all([scratchLayout(), scratchLayout(), Registry.start(options)]);
  const descriptor = await makeImage(from, [100_000]);
  const [layer] = (await from.image(descriptor)).manifest.layers;
  return {
    into,
    registry,
    descriptor,
    layer: layer as Descriptor,
    name: await registry.add('demo/app:1', from, descriptor),
    async [Symbol.asyncDispose]() {
      await registry.close();
      await from[Symbol.asyncDispose]();
      await into[Symbol.asyncDispose]();
    },
  };
}

test.each<[string, Fault]>([
  ['an answer', { hang: true }],
  ['the rest of a manifest', { path: '/manifests/', stallAfter: 10 }],
  ['the rest of a blob', { path: '/blobs/', stallAfter: 10 }],
  ['the end of a refusal', { path: '/manifests/', status: 404, body: 'x'.repeat(100), stallAfter: 1 }],
  ['another try, as long as the registry wants', { status: 429, retryAfter: 30 }],
  ['another try, as long as we want', { status: 503, times: 9 }],
])('waiting for %s', async (_, fault) => {
  await using given = await setting();
  given.registry.fail({ times: 99, ...fault });
  using client = new RegistryClient({ retryDelay: 30_000 });
  await expectEnd((signal) => client.pull(given.name, { into: given.into, signal }));
});

test('waiting for a connection', async () => {
  class Nowhere extends Agent {
    override createConnection(): undefined {}
  }
  using client = new RegistryClient({ agent: new Nowhere() });
  await expectEnd((signal) => client.resolve('registry.example/app', { signal }));
});

test('waiting for a proxy', async () => {
  let open = 0;
  await using proxy = await serveTcp((socket) => {
    open += 1;
    socket.resume().once('close', () => {
      open -= 1;
    });
  });
  using client = new RegistryClient({ proxy: () => new URL(proxy.url) });
  await expectEnd((signal) => client.resolve('registry.example/app', { signal }));
  await expect.poll(() => open).toBe(0);
});

test('waiting for a token', async () => {
  await using given = await setting({ access: ann });
  given.registry.fail({ path: '/token', hang: true, times: 9 });
  using client = new RegistryClient({ credentials: ann });
  await expectEnd((signal) => client.resolve(given.name, { signal }));
});

test('waiting for a token that somebody else has asked for', async () => {
  await using given = await setting({ access: ann });
  given.registry.fail({ path: '/token', hang: true, times: 9 });
  using client = new RegistryClient({ credentials: ann });
  const other = new AbortController();
  const first = client.resolve(given.name, { signal: other.signal }).catch(() => 'gave up');
  await expect.poll(() => given.registry.requests.some(({ path }) => path.startsWith('/token'))).toBe(true);
  await expectEnd((signal) => client.resolve(given.name, { signal }));
  // Its own token is none of the second one's business.
  expect(given.registry.requests.filter(({ path }) => path.startsWith('/token'))).toHaveLength(1);
  other.abort();
  expect(await first).toBe('gave up');
});

test('waiting for credentials that a function looks for', async () => {
  await using given = await setting({ access: ann });
  using client = new RegistryClient({ credentials: () => new Promise(() => {}) });
  await expectEnd((signal) => client.resolve(given.name, { signal }));
});

test.skipIf(process.platform === 'win32')('waiting for a credential helper, which is ended', async () => {
  const directory = await mkdtemp(join(tmpdir(), `estiba-${process.pid}-credentials-`));
  try {
    const pid = join(directory, 'pid');
    await writeFile(join(directory, 'docker-credential-slow'), `#!/bin/sh\necho $$ > ${pid}\nexec sleep 60\n`);
    await chmod(join(directory, 'docker-credential-slow'), 0o755);
    await writeFile(join(directory, 'config.json'), '{"credsStore":"slow"}');
    vi.stubEnv('PATH', `${directory}${delimiter}${process.env.PATH}`);
    await using given = await setting({ access: ann });
    const file = join(directory, 'config.json');
    using client = new RegistryClient({ credentials: dockerCredentials({ file }) });
    await expectEnd((signal) => client.resolve(given.name, { signal }));
    using impatient = new RegistryClient({ credentials: dockerCredentials({ file, helperTimeout: 50 }) });
    await expect(impatient.resolve(given.name)).rejects.toThrow('did not answer within 50 ms');
  } finally {
    vi.unstubAllEnvs();
    await rm(directory, { recursive: true });
  }
});

test('waiting for a blob that another pull fetches', async () => {
  await using given = await setting();
  await using writer = await given.into.ingest(given.layer);
  expect(writer).toBeDefined();
  using client = new RegistryClient();
  await expectEnd((signal) => client.pull(given.name, { into: given.into, signal }));
});

test('waiting for a place among the blobs of a registry', async () => {
  await using given = await setting();
  given.registry.fail({ path: given.layer.digest, stallAfter: 10, times: 99 });
  const options: RegistryClientOptions = { perHost: 1 };
  using client = new RegistryClient(options);
  const other = new AbortController();
  const first = client.pull(given.name, { into: given.into, signal: other.signal }).catch(() => 'gave up');
  await expect.poll(() => given.registry.requests.some(({ path }) => path.includes(given.layer.digest))).toBe(true);
  await using elsewhere = await scratchLayout();
  await expectEnd((signal) => client.pull(given.name, { into: elsewhere, signal }));
  other.abort();
  expect(await first).toBe('gave up');
});

test('waiting for a source from which nothing comes', async () => {
  await using given = await setting();
  using client = new RegistryClient();
  const { host } = given.registry;
  const { manifest } = await given.into.image(
    (await client.pull(given.name, { into: given.into, tag: 'app' })).descriptor,
  );
  const stalled = (digest: string): BlobSource => ({
    blob: async (wanted, options) =>
      wanted.digest === digest ? new Readable({ read() {} }) : given.into.blob(wanted, options),
  });
  for (const digest of [given.descriptor.digest, manifest.layers[0]?.digest ?? '']) {
    const from = stalled(digest);
    // It does not know where the layer could be had.
    using fresh = new RegistryClient();
    await expectEnd((signal) =>
      fresh.push(given.descriptor, `${host}/other/${digest.slice(7, 12)}:1`, { from, signal }),
    );
  }
});
