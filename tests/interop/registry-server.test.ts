/** Our registry, for programs that are not ours: what they push is what they get back, byte by byte. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Descriptor, digestOf, ImageLayout, mediaTypes } from '../../packages/image-spec/src/index.ts';
import { Registry, type RegistryOptions } from '../../packages/registry/src/index.ts';
import {
  type Certificates,
  makeCertificates,
  requires,
  type Scratch,
  scratch,
} from '../../packages/testkit/src/index.ts';
import { type LayeredImage, makeLayered, makePlatforms, write } from './images/layered.ts';
import { Peers } from './peers.ts';

const command = ['skopeo', 'podman', 'buildah', 'umoci', 'curl', 'openssl', 'tar'];
const plain = ['--src-tls-verify=false', '--dest-tls-verify=false'];

requires({ on: ['host'], root: true, command })('our registry', () => {
  let folder: Scratch;
  let peers: Peers;
  let certificates: Certificates;

  beforeAll(() => {
    folder = scratch('registry');
    peers = new Peers(folder);
    certificates = makeCertificates();
  });

  afterAll(() => folder?.[Symbol.dispose]());

  describe.each(['memory', 'a layout'])('in %s', (where) => {
    it.each([
      ['uncompressed layers', ['none']],
      ['gzip', ['gzip']],
      ['zstd', ['zstd']],
      ['all of them', ['none', 'gzip', 'zstd']],
    ] as const)('keeps an image with %s for skopeo', async (_, compressions) => {
      await using registry = await start(where);
      const image = await makeLayered(folder, compressions);
      await sameAgain(registry, image, 'copy');
    });

    it('keeps an index for several platforms for skopeo', async () => {
      await using registry = await start(where);
      await sameAgain(registry, await makePlatforms(folder, ['amd64', 'arm64', 'riscv64']), 'copy', '--all');
    });

    it('takes what skopeo compresses on the way', async () => {
      await using registry = await start(where);
      const { layout } = await makeLayered(folder, ['none', 'none']);
      const name = `docker://${registry.host}/demo/app:zstd`;
      const compress = ['--dest-compress-format', 'zstd'];
      await skopeo('copy', ...plain, ...compress, `oci:${layout.directory}:app`, name);
      const seen = JSON.parse(await skopeo('inspect', '--tls-verify=false', '--raw', name)) as { layers: Descriptor[] };
      expect(seen.layers.map(({ mediaType }) => mediaType)).toEqual([mediaTypes.layerZstd, mediaTypes.layerZstd]);
    });

    it('lists and deletes for skopeo', async () => {
      await using registry = await start(where, { deletes: true });
      const { layout, descriptor } = await makeLayered(folder, ['gzip']);
      const name = `docker://${registry.host}/demo/app`;
      for (const tag of ['b', 'a']) await skopeo('copy', ...plain, `oci:${layout.directory}:app`, `${name}:${tag}`);
      const list = JSON.parse(await skopeo('list-tags', '--tls-verify=false', name)) as { Tags: string[] };
      expect(list.Tags).toEqual(['a', 'b']);
      await skopeo('delete', '--tls-verify=false', `${name}:a`);
      expect((await fetch(`${registry.url}/v2/demo/app/manifests/${descriptor.digest}`)).status).toBe(404);
    });

    it('mounts for skopeo what it knows to be in another repository', async () => {
      await using registry = await start(where);
      const { layout, blobs } = await makeLayered(folder, ['gzip', 'zstd']);
      const [, config, ...layers] = blobs;
      // Together, as what it knows is kept only as long as the mounts of one run.
      const copy = `skopeo --policy '${peers.policy}' copy --quiet ${plain.join(' ')} 'oci:${layout.directory}:app'`;
      const both = ['one', 'two'].map((name) => `${copy} 'docker://${registry.host}/demo/${name}:1'`).join(' && ');
      await peers.runBeside(['sh', '-c', both], { network: true });
      const mounted = registry.requests.filter(({ path, status }) => path.includes('mount=') && status === 201);
      expect(mounted).toHaveLength(layers.length);
      // The config it sends always.
      const sent = registry.requests.filter(({ path }) => path.includes('demo/two/blobs'));
      expect(sent.reduce((sum, { bytesReceived }) => sum + bytesReceived, 0)).toBe(config?.size);
    });

    it('keeps artifacts and says what they belong to', async () => {
      await using registry = await start(where);
      const image = await makeLayered(folder, ['gzip']);
      const artifact = await makeArtifact(image);
      const to = `docker://${registry.host}/demo/app`;
      const copy = ['copy', ...plain, '--preserve-digests'];
      await skopeo(...copy, `oci:${image.layout.directory}:app`, `${to}:1`);
      await skopeo(...copy, `oci:${image.layout.directory}:signature`, `${to}:signature`);
      const path = `${registry.url}/v2/demo/app/referrers/${image.descriptor.digest}`;
      const index = JSON.parse(await curl(`${path}?artifactType=application/vnd.example.signature`));
      expect(index.manifests).toEqual([{ ...artifact, artifactType: 'application/vnd.example.signature' }]);
      expect(JSON.parse(await curl(`${path}?artifactType=application/other`)).manifests).toEqual([]);
    });

    it('keeps what podman builds and pulls it again', async () => {
      await using registry = await start(where);
      const { layout, descriptor } = await makeLayered(folder, ['gzip', 'zstd', 'none']);
      await skopeo(
        'copy',
        ...plain,
        '--preserve-digests',
        `oci:${layout.directory}:app`,
        `docker://${registry.host}/demo/app:1`,
      );
      const name = `${registry.host}/demo/app`;
      const policy = ['--signature-policy', peers.policy];
      const podman = (...args: string[]) => peers.runBeside(['podman', ...args], { network: true });
      await podman('pull', '--tls-verify=false', '--quiet', ...policy, `${name}:1`);
      const digests = await podman('image', 'inspect', '--format', '{{json .RepoDigests}}', `${name}:1`);
      expect(JSON.parse(digests)).toContain(`${name}@${descriptor.digest}`);
      writeFileSync(folder.join('Containerfile'), `FROM ${name}:1\nLABEL made=here\nCOPY Containerfile /copied\n`);
      await podman(
        'build',
        '--quiet',
        '--pull=never',
        ...policy,
        '--isolation=chroot',
        '-t',
        `${name}:2`,
        '-f',
        folder.join('Containerfile'),
        folder.path,
      );
      const file = folder.join('digest');
      await podman('push', '--tls-verify=false', '--quiet', ...policy, '--digestfile', file, `${name}:2`);
      expect(await digestAt(registry, 'demo/app', '2')).toBe(readFileSync(file, 'utf8').trim());
      await podman('rmi', '--all', '--force');
      await podman('pull', '--tls-verify=false', '--quiet', ...policy, `${name}:2`);
      await podman('rmi', '--all', '--force');
    });

    it('keeps what buildah makes, and umoci unpacks it', async () => {
      await using registry = await start(where);
      const name = `${registry.host}/demo/built`;
      const script = `
        b() { buildah --root "$PWD/storage" --runroot "$PWD/run" --storage-driver vfs "$@"; }
        container=$(b from scratch)
        printf content >"$(b mount "$container")/file"
        image=$(b commit --signature-policy "$1" --rm --quiet "$container")
        b push --signature-policy "$1" --tls-verify=false --quiet --digestfile "$PWD/digest" "$image" "docker://$2:1"
        b rmi --all --force >/dev/null
        b pull --signature-policy "$1" --tls-verify=false --quiet "docker://$2:1"`;
      const directory = mkdtempSync(folder.join('buildah-'));
      const build = ['bash', '-euo', 'pipefail', '-c', script, 'buildah', peers.policy, name];
      await peers.runBeside(build, { directory, network: true, env: { BUILDAH_ISOLATION: 'chroot' } });
      const digest = readFileSync(join(directory, 'digest'), 'utf8').trim();
      expect(await digestAt(registry, 'demo/built', '1')).toBe(digest);
      await skopeo(
        'copy',
        ...plain,
        '--preserve-digests',
        `docker://${name}@${digest}`,
        `oci:${directory}/layout:built`,
      );
      await peers.runBeside(['umoci', 'unpack', '--image', `${directory}/layout:built`, join(directory, 'bundle')]);
      expect(readFileSync(join(directory, 'bundle/rootfs/file'), 'utf8')).toBe('content');
    });
  });

  it('leaves a layout that skopeo reads', async () => {
    const storage = await ImageLayout.open(mkdtempSync(folder.join('storage-')), { fsync: false });
    const { layout, descriptor } = await makeLayered(folder, ['gzip']);
    {
      await using registry = await Registry.start({ storage });
      await skopeo('copy', ...plain, `oci:${layout.directory}:app`, `docker://${registry.host}/demo/app:1`);
    }
    const raw = await skopeo('inspect', '--raw', `oci:${storage.directory}:demo/app:1`);
    expect(digestOf(raw)).toBe(descriptor.digest);
  });

  describe.each(['basic', 'bearer'] as const)('over TLS, by %s authentication', (scheme) => {
    it('lets in who knows the password, and trusts its authority', async () => {
      const access = { username: 'ann', password: 'secret', scheme };
      await using registry = await Registry.start({ tls: certificates.server, access });
      const trust = folder.join(`authority-${scheme}`);
      mkdirSync(trust);
      writeFileSync(join(trust, 'ca.crt'), certificates.authority.cert);
      const { layout, descriptor } = await makeLayered(folder, ['gzip']);
      const name = `docker://${registry.host}/demo/app:1`;
      const copy = ['copy', '--preserve-digests', '--dest-cert-dir', trust, `oci:${layout.directory}:app`, name];
      await skopeo(...copy, '--dest-creds', 'ann:secret');
      expect(registry.requests.some(({ path }) => path.startsWith('/token'))).toBe(scheme === 'bearer');
      const inspect = ['inspect', '--format', '{{.Digest}}', name];
      const digest = await skopeo(...inspect, '--cert-dir', trust, '--creds', 'ann:secret');
      expect(digest.trim()).toBe(descriptor.digest);
      await expect(skopeo(...inspect, '--cert-dir', trust, '--creds', 'ann:wrong')).rejects.toThrow(/auth/);
      await expect(skopeo(...inspect, '--creds', 'ann:secret')).rejects.toThrow(/certificate/);
    });
  });

  function start(where: string, options: RegistryOptions = {}): Promise<Registry> {
    if (where === 'memory') return Registry.start(options);
    const storage = ImageLayout.open(mkdtempSync(folder.join('storage-')), { fsync: false });
    return storage.then((layout) => Registry.start({ ...options, storage: layout }));
  }

  function skopeo(...args: string[]): Promise<string> {
    return peers.runBeside(['skopeo', '--policy', peers.policy, ...args], { network: true });
  }

  function curl(url: string): Promise<string> {
    return peers.runBeside(['curl', '--silent', '--fail', url], { network: true });
  }

  /** Pushed and pulled, every blob is what it was. */
  async function sameAgain(registry: Registry, { layout, blobs }: LayeredImage, ...options: string[]): Promise<void> {
    const into = await ImageLayout.open(mkdtempSync(folder.join('back-')), { fsync: false });
    const name = `docker://${registry.host}/demo/app:1`;
    const exact = [...options, ...plain, '--preserve-digests'];
    await skopeo(...exact, `oci:${layout.directory}:app`, name);
    await skopeo(...exact, name, `oci:${into.directory}:app`);
    for (const blob of blobs) {
      expect(digestOf(await buffer(await into.blob(blob)))).toBe(blob.digest);
    }
  }

  async function digestAt(registry: Registry, name: string, reference: string): Promise<string> {
    const accept = [mediaTypes.manifest, mediaTypes.index, mediaTypes.dockerManifest].join(', ');
    const response = await fetch(`${registry.url}/v2/${name}/manifests/${reference}`, { headers: { accept } });
    return digestOf(Buffer.from(await response.arrayBuffer()));
  }
});

/** What belongs to an image, under the name `signature`. */
async function makeArtifact({ layout, descriptor }: LayeredImage): Promise<Descriptor> {
  const config = await write(layout, {}, mediaTypes.empty);
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType: 'application/vnd.example.signature',
    config,
    layers: [config],
    subject: descriptor,
  };
  const artifact = await write(layout, manifest, mediaTypes.manifest);
  await layout.tag('signature', artifact);
  return artifact;
}
