import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ImageLayout } from '../../packages/image-spec/src/index.ts';
import { RegistryClient } from '../../packages/registry-client/src/index.ts';
import {
  type Certificates,
  makeCertificates,
  requires,
  type Scratch,
  scratch,
} from '../../packages/testkit/src/index.ts';
import { DockerRegistry } from './docker-registry.ts';
import { makeLayered } from './images/layered.ts';
import { Peers } from './peers.ts';
import { TokenServer } from './token-server.ts';

const ann = { username: 'ann', password: 'secret' };
const command = ['docker-registry', 'skopeo', 'openssl', 'perl'];

requires({ on: ['host'], root: true, command })("Debian's docker-registry", () => {
  let folder: Scratch;
  let peers: Peers;
  let certificates: Certificates;

  beforeAll(() => {
    folder = scratch('login');
    peers = new Peers(folder);
    certificates = makeCertificates();
  });

  afterAll(() => folder?.[Symbol.dispose]());

  it('lets us in by basic authentication', async () => {
    await using registry = await DockerRegistry.start(folder, { htpasswd: ann });
    const { name, digest } = await pushed(registry, '--dest-creds', 'ann:secret');
    using client = new RegistryClient({ credentials: ann });
    expect((await client.resolve(name)).digest).toBe(digest);
    using stranger = new RegistryClient({ retries: 0 });
    await expect(stranger.resolve(name)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    using wrong = new RegistryClient({ credentials: { ...ann, password: 'wrong' }, retries: 0 });
    await expect(wrong.resolve(name)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it('lets us in with a token', async () => {
    await using tokens = await TokenServer.start({ ...ann, issuer: certificates.authority });
    await using registry = await DockerRegistry.start(folder, { token: tokens });
    const { name, digest } = await pushed(registry, '--dest-creds', 'ann:secret');
    using client = new RegistryClient({ credentials: ann });
    expect((await client.resolve(name)).digest).toBe(digest);
    expect(tokens.requests.at(-1)).toMatchObject({ scopes: ['repository:demo/app:pull'] });
    await expectThereAndBack(client, registry);
    expect(tokens.requests.map(({ scopes }) => scopes)).toContainEqual(['repository:demo/ours:pull,push']);
    using wrong = new RegistryClient({ credentials: { ...ann, password: 'wrong' }, retries: 0 });
    await expect(wrong.resolve(name)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it('refuses a token that somebody else has signed', async () => {
    const other = makeCertificates();
    await using tokens = await TokenServer.start({ ...ann, issuer: certificates.authority });
    await using forger = await TokenServer.start({ ...ann, issuer: other.authority });
    const believed = Object.assign(Object.create(tokens), { realm: forger.realm }) as TokenServer;
    await using registry = await DockerRegistry.start(folder, { token: believed });
    using client = new RegistryClient({ credentials: ann, retries: 0 });
    await expect(client.resolve(`${registry.host}/demo/app:1`)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect(forger.requests.length).toBeGreaterThan(0);
  });

  it('is known by its certificate', async () => {
    await using registry = await DockerRegistry.start(folder, { tls: certificates.server, htpasswd: ann });
    const { name, digest } = await pushed(registry, '--dest-creds', 'ann:secret');
    const settings = { credentials: ann, secure: [registry.host], retries: 0 };
    using client = new RegistryClient({ ...settings, ca: certificates.authority.cert });
    expect((await client.resolve(name)).digest).toBe(digest);
    await expectThereAndBack(client, registry);
    using unsure = new RegistryClient(settings);
    await expect(unsure.resolve(name)).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });

  /** An image that we push, and pull again. */
  async function expectThereAndBack(client: RegistryClient, registry: DockerRegistry): Promise<void> {
    const { layout, descriptor } = await makeLayered(folder, ['gzip', 'zstd']);
    const name = `${registry.host}/demo/ours:1`;
    await client.push(descriptor, name, { from: layout });
    const into = await ImageLayout.open(folder.join(`pulled-${registry.host.replace(':', '-')}`));
    const { descriptor: pulled, manifest } = await client.pull(name, { into });
    expect(pulled.digest).toBe(descriptor.digest);
    for (const blob of [pulled, manifest.config, ...manifest.layers])
      expect((await buffer(await into.blob(blob))).equals(await buffer(await layout.blob(blob)))).toBe(true);
  }

  /** An image that skopeo has pushed. */
  async function pushed(registry: DockerRegistry, ...options: string[]): Promise<{ name: string; digest: string }> {
    const { layout, descriptor } = await makeLayered(folder, ['gzip']);
    const name = `${registry.host}/demo/app:1`;
    const from = `oci:${layout.directory}:app`;
    const copy = [
      'copy',
      '--dest-tls-verify=false',
      '--quiet',
      '--preserve-digests',
      ...options,
      from,
      `docker://${name}`,
    ];
    await peers.runBeside(['skopeo', '--policy', peers.policy, ...copy], { network: true });
    return { name, digest: descriptor.digest };
  }
});
