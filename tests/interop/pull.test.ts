/** What programs that are not ours push to Debian's docker-registry, for us: the same digests, and every byte. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type Descriptor,
  ImageLayout,
  mediaTypes,
  openArtifact,
  openIndex,
  save,
} from '../../packages/image-spec/src/index.ts';
import { RegistryClient } from '../../packages/registry-client/src/index.ts';
import { requires, type Scratch, scratch } from '../../packages/testkit/src/index.ts';
import { DockerRegistry } from './docker-registry.ts';
import { type LayeredImage, makeLayered, makePlatforms, write } from './images/layered.ts';
import { Peers } from './peers.ts';

const command = ['docker-registry', 'skopeo', 'buildah', 'podman'];

requires({ on: ['host'], root: true, command })('what others push', () => {
  let folder: Scratch;
  let peers: Peers;
  let registry: DockerRegistry;
  let client: RegistryClient;

  beforeAll(async () => {
    folder = scratch('pull');
    peers = new Peers(folder);
    registry = await DockerRegistry.start(folder);
    client = new RegistryClient();
  });

  afterAll(async () => {
    client?.close();
    await registry?.[Symbol.asyncDispose]();
    folder?.[Symbol.dispose]();
  });

  it.each([[['none']], [['gzip']], [['zstd']], [['none', 'gzip', 'zstd']]] as const)(
    'is pulled as skopeo pushed it, with layers of %j',
    async (compressions) => {
      const made = await makeLayered(folder, compressions);
      const name = pushed(made, `layers/${compressions.join('-')}`);
      const into = await emptyLayout();
      expect((await client.pull(name, { into })).descriptor.digest).toBe(made.descriptor.digest);
      await expectAll(into, made);
    },
  );

  it('is an index of which we save all platforms', async () => {
    const made = await makePlatforms(folder, ['amd64', 'arm64', 'riscv64']);
    const name = pushed(made, 'platforms');
    const into = await emptyLayout();
    const index = await client.resolve(name);
    expect(index.digest).toBe(made.descriptor.digest);
    await save(openIndex(client.source(name), index), into);
    await expectAll(into, made);
  });

  it('is an artifact with a subject, whose content and list of referrers we read', async () => {
    const image = await makeLayered(folder, ['gzip']);
    const name = pushed(image, 'artifacts');
    const artifact = await addArtifact(image);
    copy(`oci:${image.layout.directory}:artifact`, `${registry.host}/artifacts:artifact`);
    const found = await client.resolve(`${registry.host}/artifacts:artifact`);
    expect(found.digest).toBe(artifact.digest);
    const view = openArtifact(client.source(name), found);
    expect([await view.artifactType, (await view.subject)?.digest]).toEqual([artifactType, image.descriptor.digest]);
    const contents: string[] = [];
    for await (const blob of view.blobs()) contents.push((await buffer(await blob.open())).toString());
    expect(contents).toEqual(['{"signed":true}']);
    // docker-registry keeps no list and skopeo none for it; once we send the same, the list has it.
    expect(await collect(client.referrers(name))).toEqual([]);
    await client.push(artifact, `${registry.host}/artifacts@${artifact.digest}`, { from: image.layout });
    expect(await collect(client.referrers(name))).toMatchObject([{ digest: artifact.digest, artifactType }]);
  });

  it.each(['gzip', 'zstd'])('is what buildah says it pushed, compressed by %s', async (compression) => {
    const name = `${registry.host}/by-buildah-${compression}:1`;
    const script = `
      b() { buildah --root "$PWD/storage" --runroot "$PWD/run" --storage-driver vfs "$@"; }
      container=$(b from scratch)
      printf content >"$(b mount "$container")/file"
      image=$(b commit --signature-policy "$1" --rm --quiet "$container")
      b push --signature-policy "$1" --tls-verify=false --quiet --compression-format "$3" \\
        --digestfile "$PWD/digest" "$image" "docker://$2"`;
    const directory = mkdtempSync(folder.join('buildah-'));
    const run = ['bash', '-euo', 'pipefail', '-c', script, 'buildah', peers.policy, name, compression];
    peers.run(run, { directory, network: true, env: { BUILDAH_ISOLATION: 'chroot' } });
    const into = await emptyLayout();
    const { descriptor, manifest } = await client.pull(name, { into });
    expect(descriptor.digest).toBe(readFileSync(join(directory, 'digest'), 'utf8').trim());
    expect(manifest.layers.map(({ mediaType }) => mediaType)).toEqual([`${mediaTypes.layer}+${compression}`]);
    expect(await into.fsck()).toEqual([]);
  });

  it('is what podman says it pushed', async () => {
    const made = await makeLayered(folder, ['gzip']);
    const archive = folder.join('podman.tar');
    peers.copy(`oci:${made.layout.directory}:app`, `docker-archive:${archive}:localhost/pushed:1`);
    const name = `${registry.host}/by-podman:1`;
    const file = folder.join('podman-digest');
    peers.run(['podman', 'load', '--quiet', '--signature-policy', peers.policy, '--input', archive]);
    const push = ['push', '--tls-verify=false', '--quiet', '--signature-policy', peers.policy, '--digestfile', file];
    peers.run(['podman', ...push, 'localhost/pushed:1', `docker://${name}`], { network: true });
    const id = peers.run(['podman', 'image', 'inspect', '--format', '{{.Id}}', 'localhost/pushed:1']).trim();
    peers.run(['podman', 'rmi', '--all', '--force']);
    const into = await emptyLayout();
    const { descriptor, manifest, config } = await client.pull(name, { into });
    expect(descriptor.digest).toBe(readFileSync(file, 'utf8').trim());
    expect(manifest.config.digest).toBe(`sha256:${id}`);
    expect(config.rootfs).toEqual((await made.layout.image('app')).config.rootfs);
    expect(await into.fsck()).toEqual([]);
  });

  function pushed({ layout }: LayeredImage, repository: string): string {
    const name = `${registry.host}/${repository}:1`;
    copy(`oci:${layout.directory}:app`, name);
    return name;
  }

  function copy(from: string, name: string): void {
    peers.copy(from, `docker://${name}`, '--all', '--preserve-digests');
  }

  function emptyLayout(): Promise<ImageLayout> {
    return ImageLayout.open(mkdtempSync(folder.join('into-')), { fsync: false });
  }
});

const artifactType = 'application/vnd.example.signature';

/** About an image, in its layout, under the name `artifact`. */
async function addArtifact({ layout, descriptor }: LayeredImage): Promise<Descriptor> {
  const config = await write(layout, {}, mediaTypes.empty);
  const layers = [await write(layout, { signed: true }, 'application/json')];
  const document = { schemaVersion: 2, mediaType: mediaTypes.manifest, artifactType, config, layers };
  const artifact = await write(layout, { ...document, subject: descriptor }, mediaTypes.manifest);
  await layout.tag('artifact', artifact);
  return artifact;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Every blob of an image, byte by byte. */
async function expectAll(into: ImageLayout, { layout, blobs }: LayeredImage): Promise<void> {
  expect(await into.fsck()).toEqual([]);
  for (const blob of blobs) {
    const same = (await buffer(await into.blob(blob))).equals(await buffer(await layout.blob(blob)));
    expect(same, blob.mediaType).toBe(true);
  }
}
