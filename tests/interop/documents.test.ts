import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { digestOf, ImageLayout, parsePlatform } from '../../packages/image-spec/src/index.ts';
import { RegistryClient } from '../../packages/registry-client/src/index.ts';
import { requires, type Scratch, scratch } from '../../packages/testkit/src/index.ts';
import { DockerRegistry } from './docker-registry.ts';
import { makeIndex } from './images/platform-index.ts';
import { Peers } from './peers.ts';

const command = ['docker-registry', 'skopeo', 'umoci', 'buildah'];
const platforms = ['linux/amd64', 'linux/arm64/v8', 'linux/arm/v7', 'linux/arm/v6', 'linux/s390x'];

requires({ on: ['host'], root: true, command })('what skopeo and we read from a registry', () => {
  let folder: Scratch;
  let peers: Peers;
  let registry: DockerRegistry;
  let images: ImageLayout;
  let client: RegistryClient;

  beforeAll(async () => {
    folder = scratch('interop');
    peers = new Peers(folder);
    registry = await DockerRegistry.start(folder);
    mkdirSync(folder.join('index'));
    const made = makeIndex(peers, folder.join('index'), platforms);
    peers.copy(`oci:${made.layout}:${made.tag}`, `docker://${registry.host}/by-buildah:1`, '--all');
    // Once more around: as skopeo puts it together itself.
    peers.copy(`docker://${registry.host}/by-buildah:1`, `dir:${folder.join('dir')}`, '--all');
    peers.copy(`dir:${folder.join('dir')}`, `docker://${registry.host}/by-skopeo:1`, '--all', '--format', 'v2s2');
    images = await ImageLayout.open(folder.join('images'), { fsync: false });
    client = new RegistryClient();
  });

  afterAll(async () => {
    client?.close();
    await registry?.[Symbol.asyncDispose]();
    folder?.[Symbol.dispose]();
  });

  const both = ['by-buildah', 'by-skopeo'];

  it.each(both)('is the same index, %s', async (repository) => {
    const reference = `${registry.host}/${repository}:1`;
    const raw = peers.inspect(`docker://${reference}`, '--raw');
    expect((await client.resolve(reference)).digest).toBe(digestOf(Buffer.from(raw)));
    expect(await client.manifest(reference)).toEqual(JSON.parse(raw));
    const { mediaType } = JSON.parse(raw) as { mediaType: string };
    expect(mediaType).toMatch(repository === 'by-buildah' ? /index\.v1\+json$/ : /manifest\.list\.v2\+json$/);
  });

  it.each(both.flatMap((repository) => platforms.map((platform) => [repository, platform] as const)))(
    'is the same image of the index %s, for %s',
    async (repository, platform) => {
      const reference = `${registry.host}/${repository}:1`;
      const image = await client.pull(reference, { into: images, platform: parsePlatform(platform) });
      const config = peers.inspect(`docker://${reference}`, ...overrides(platform), '--config', '--raw');
      expect(image.manifest.config.digest).toBe(digestOf(Buffer.from(config)));
      expect(image.config).toEqual(JSON.parse(config));
      expect(image.config.config?.Labels).toMatchObject({ platform });

      const raw = peers.inspect(`docker://${registry.host}/${repository}@${image.descriptor.digest}`, '--raw');
      expect(image.descriptor).toMatchObject({ digest: digestOf(Buffer.from(raw)), size: Buffer.byteLength(raw) });
      expect(image.manifest).toEqual(JSON.parse(raw));
    },
  );

  it('are the same tags', async () => {
    for (const tag of ['2', 'b', 'a'])
      peers.copy(`docker://${registry.host}/by-buildah:1`, `docker://${registry.host}/by-buildah:${tag}`);
    const { Tags } = JSON.parse(
      peers.run(['skopeo', 'list-tags', '--tls-verify=false', `docker://${registry.host}/by-buildah`], {
        network: true,
      }),
    );
    const tags: string[] = [];
    for await (const tag of client.tags(`${registry.host}/by-buildah`)) tags.push(tag);
    expect(tags).toEqual(Tags);
    expect(Tags).toHaveLength(4);
  });
});

function overrides(platform: string): string[] {
  const [os = '', arch = '', variant] = platform.split('/');
  return [
    `--override-os=${os}`,
    `--override-arch=${arch}`,
    ...(variant === undefined ? [] : [`--override-variant=${variant}`]),
  ];
}
