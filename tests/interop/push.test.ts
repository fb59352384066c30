/** What we push to Debian's docker-registry, for programs that are not ours. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Descriptor,
  digestOf,
  ImageLayout,
  loadImage,
  MemoryStore,
  mediaTypes,
} from '../../packages/image-spec/src/index.ts';
import { Registry } from '../../packages/registry/src/index.ts';
import { RegistryClient } from '../../packages/registry-client/src/index.ts';
import { requires, type Scratch, scratch } from '../../packages/testkit/src/index.ts';
import { DockerRegistry } from './docker-registry.ts';
import { Peers } from './peers.ts';

const ann = { username: 'ann', password: 'secret' };
const command = ['docker-registry', 'skopeo', 'buildah', 'podman', 'perl', 'tar'];

requires({ on: ['host'], root: true, command })('what we push', () => {
  let folder: Scratch;
  let peers: Peers;
  let registry: DockerRegistry;
  let client: RegistryClient;
  const store = new MemoryStore();

  beforeAll(async () => {
    folder = scratch('push');
    peers = new Peers(folder);
    registry = await DockerRegistry.start(folder);
    client = new RegistryClient();
  });

  afterAll(async () => {
    client?.close();
    await registry?.[Symbol.asyncDispose]();
    folder?.[Symbol.dispose]();
  });

  describe.each(['gzip', 'zstd', 'none'] as const)('with layers compressed by %s', (compression) => {
    const repository = `layers/${compression}`;
    let image: Descriptor;

    beforeAll(async () => {
      image = makeImage([archive('one', 300_000), archive('two', 10)], compression);
      await client.push(image, `${registry.host}/${repository}:1`, { from: store });
    });

    it('is for skopeo what it is for us', async () => {
      const raw = peers.inspect(`docker://${registry.host}/${repository}:1`, '--raw');
      expect(digestOf(raw)).toBe(image.digest);
    });

    it('is copied by skopeo into a layout, digest by digest', async () => {
      const layout = await ImageLayout.open(folder.join(`layout-${compression}`), { fsync: false });
      peers.copy(`docker://${registry.host}/${repository}:1`, `oci:${layout.directory}:1`, '--preserve-digests');
      const copied = await layout.image('1');
      expect(copied.descriptor.digest).toBe(image.digest);
      for (const layer of copied.manifest.layers) expect(await layout.has(layer)).toBe(true);
      expect(await layout.fsck()).toEqual([]);
    });

    it.each(['buildah', 'podman'])('is pulled by %s', async (program) => {
      const { manifest } = await loadImage(store, image);
      const pull = [program, 'pull', '--quiet', '--tls-verify=false', `${registry.host}/${repository}:1`];
      const id = peers.run(pull, { network: true }).trim();
      expect(`sha256:${id}`).toBe(manifest.config.digest);
    });
  });

  it('may be an index for several platforms', async () => {
    const index = makeIndex(['amd64', 'arm64', 's390x']);
    await client.push(index, `${registry.host}/index:1`, { from: store });
    const layout = folder.join('layout-index');
    peers.copy(`docker://${registry.host}/index:1`, `oci:${layout}:1`, '--all', '--preserve-digests');
    const found = (await ImageLayout.open(layout)).images();
    expect((await found.next()).value?.descriptor.digest).toBe(index.digest);
    const one = peers.inspect(`docker://${registry.host}/index:1`, '--override-arch=s390x');
    expect(JSON.parse(one).Architecture).toBe('s390x');
  });

  it('may be about something else, which docker-registry keeps no list of', async () => {
    const image = makeImage([archive('subject', 10)], 'gzip');
    await client.push(image, `${registry.host}/subject:1`, { from: store });
    const config = store.add('{}', mediaTypes.empty);
    const layers = [store.add('{"packages":[]}', 'application/spdx+json')];
    const subject = { mediaType: image.mediaType, digest: image.digest, size: image.size };
    const contents = addManifest({ artifactType: 'application/spdx+json', config, layers, subject });
    await client.push(contents, `${registry.host}/subject@${contents.digest}`, { from: store });
    const tag = `docker://${registry.host}/subject:${image.digest.replace(':', '-')}`;
    const { manifests } = JSON.parse(peers.inspect(tag, '--raw'));
    expect(manifests).toEqual([{ ...contents, artifactType: 'application/spdx+json' }]);
    const found: string[] = [];
    for await (const { digest } of client.referrers(`${registry.host}/subject:1`)) found.push(digest);
    expect(found).toEqual([contents.digest]);
    const layout = await ImageLayout.open(folder.join('layout-artifact'), { fsync: false });
    const from = `docker://${registry.host}/subject@${contents.digest}`;
    peers.copy(from, `oci:${layout.directory}:1`, '--preserve-digests');
    expect([await layout.has(contents), await layout.fsck()]).toEqual([true, []]);
  });

  it.each([
    ['at once', {}],
    ['in pieces', { chunkBytes: 1_000_000 }],
  ])('arrives %s although the connection breaks', async (how, options) => {
    await using breaking = await BreakingProxy.start(registry.host, 4_000_000);
    const image = makeImage([archive(`breaking ${how}`, 12_000_000)], 'none');
    using patient = new RegistryClient({ retryDelay: 20 });
    await patient.push(image, `${breaking.host}/breaking:${how.replace(' ', '-')}`, { from: store, ...options });
    expect(breaking.broken).toBe(1);
    // Docker-registry does not tell how much it has, once a connection broke: it has to begin again.
    expect(breaking.sent).toBeLessThan(4_000_000 + 12_000_000 + 200_000);
    expect(digestOf(peers.inspect(`docker://${registry.host}/breaking:${how.replace(' ', '-')}`, '--raw'))).toBe(
      image.digest,
    );
  });

  it('is mounted from another repository', async () => {
    const base = archive('base', 1_000_000);
    await client.push(makeImage([base], 'gzip'), `${registry.host}/mount/base:1`, { from: store });
    using other = new RegistryClient();
    const statuses = new Set<string>();
    await other.push(makeImage([base], 'gzip', 'other'), `${registry.host}/mount/app:1`, {
      from: store,
      mountFrom: 'mount/base',
      onProgress: ({ status, total }) => total > 1_000_000 && statuses.add(status),
    });
    expect(statuses).toEqual(new Set(['waiting', 'mounted']));
    peers.inspect(`docker://${registry.host}/mount/app:1`);
  });

  it('goes in by basic authentication', async () => {
    await using closed = await DockerRegistry.start(folder, { htpasswd: ann });
    using known = new RegistryClient({ credentials: ann });
    const image = makeImage([archive('closed', 2_000_000)], 'gzip');
    await known.push(image, `${closed.host}/closed:1`, { from: store, chunkBytes: 500_000 });
    expect(digestOf(peers.inspect(`docker://${closed.host}/closed:1`, '--creds=ann:secret', '--raw'))).toBe(
      image.digest,
    );
    using stranger = new RegistryClient({ retries: 0 });
    const refused = stranger.push(image, `${closed.host}/closed:2`, { from: store });
    await expect(refused).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it('is copied from there to a registry of ours, and by skopeo back', async () => {
    await using ours = await Registry.start();
    const index = makeIndex(['amd64', 'arm64']);
    await client.push(index, `${registry.host}/copied:1`, { from: store });
    await client.copy(`${registry.host}/copied:1`, `${ours.host}/copied:1`);
    const [from, to] = [`docker://${ours.host}/copied:1`, `docker://${registry.host}/back:1`];
    const plain = ['--src-tls-verify=false', '--dest-tls-verify=false', '--quiet', '--all', '--preserve-digests'];
    await peers.runBeside(['skopeo', '--policy', peers.policy, 'copy', ...plain, from, to], { network: true });
    expect((await client.resolve(`${registry.host}/back:1`)).digest).toBe(index.digest);
  });

  it('is listed and deleted', async () => {
    const image = makeImage([archive('gone', 10)], 'gzip');
    await client.push(image, `${registry.host}/gone:1`, { from: store, tags: ['2', '3'] });
    const tags: string[] = [];
    for await (const tag of client.tags(`${registry.host}/gone`, { pageSize: 2 })) tags.push(tag);
    expect(tags.sort()).toEqual(['1', '2', '3']);
    const repositories: string[] = [];
    for await (const name of client.catalog(registry.host, { pageSize: 2 })) repositories.push(name);
    expect(repositories).toContain('gone');
    expect(await client.delete(`${registry.host}/gone@${image.digest}`)).toBe(true);
    expect(await client.exists(`${registry.host}/gone:2`)).toBe(false);
    expect(() => peers.inspect(`docker://${registry.host}/gone:1`)).toThrow(/manifest unknown/);
  });

  /** Uncompressed, of one file. */
  function archive(name: string, size: number): Buffer {
    const directory = folder.join(`made-${digestOf(name).slice(7, 19)}`);
    mkdirSync(directory, { recursive: true });
    writeFileSync(`${directory}/file`, Buffer.alloc(size, `${name} ${Math.random()}`));
    return execFileSync('tar', ['-C', directory, '-cf', '-', 'file'], { maxBuffer: 64 * 1024 * 1024 });
  }

  function makeImage(
    archives: readonly Buffer[],
    compression: 'gzip' | 'zstd' | 'none',
    architecture = 'amd64',
  ): Descriptor {
    const layers = archives.map((bytes) => {
      if (compression === 'none') return store.add(bytes, mediaTypes.layer);
      if (compression === 'gzip') return store.add(gzipSync(bytes, { level: 0 }), mediaTypes.layerGzip);
      return store.add(zstdCompressSync(bytes), mediaTypes.layerZstd);
    });
    const rootfs = { type: 'layers', diff_ids: archives.map((bytes) => digestOf(bytes)) };
    const config = store.addJson({ os: 'linux', architecture, config: { Cmd: ['true'] }, rootfs }, mediaTypes.config);
    return addManifest({ config, layers });
  }

  function makeIndex(architectures: readonly string[]): Descriptor {
    const manifests = architectures.map((architecture) => ({
      ...makeImage([archive(architecture, 1000)], 'gzip', architecture),
      platform: { os: 'linux', architecture },
    }));
    return store.addJson({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }, mediaTypes.index);
  }

  function addManifest(document: object): Descriptor {
    return store.addJson({ schemaVersion: 2, mediaType: mediaTypes.manifest, ...document }, mediaTypes.manifest);
  }
});

/** Between a client and a registry: breaks the first connection that sends more than so many bytes. */
class BreakingProxy implements AsyncDisposable {
  readonly host: string;
  broken = 0;
  /** By clients. */
  sent = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, to: string, after: number) {
    const address = server.address();
    this.host = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    this.#server = server;
    server.on('connection', (client) => {
      const upstream = connect(Number(to.split(':')[1]), '127.0.0.1');
      let sent = 0;
      client.on('data', (chunk: Buffer) => {
        sent += chunk.length;
        this.sent += chunk.length;
        if (this.broken > 0 || sent < after) return;
        this.broken += 1;
        // What came so far is to arrive.
        setTimeout(() => upstream.destroy(), 50);
        client.destroy();
      });
      client.pipe(upstream).pipe(client);
      for (const socket of [client, upstream]) {
        this.#sockets.add(socket);
        socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
      }
    });
  }

  static async start(to: string, after: number): Promise<BreakingProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new BreakingProxy(server, to, after);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
