import { mkdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Image, ImageLayout } from '../../packages/image-spec/src/index.ts';
import { requires, type Scratch, scratch } from '../../packages/testkit/src/index.ts';
import { differences } from './compare.ts';
import { DockerRegistry } from './docker-registry.ts';
import { type MadeImage, makers } from './images/images.ts';
import { Peers } from './peers.ts';
import type { Tree } from './tree.ts';
import { applied, mounted } from './unpack.ts';

const command = ['docker-registry', 'skopeo', 'umoci', 'setfacl', 'setfattr', 'setcap', 'tar'];

requires({ on: ['host'], root: true, overlay: true, command })('an image that skopeo carries', () => {
  let folder: Scratch;
  let peers: Peers;
  let registry: DockerRegistry;
  let made: MadeImage;
  let first: { image: Image; trees: { erofs: Tree } };

  beforeAll(async () => {
    folder = scratch('interop');
    peers = new Peers(folder);
    registry = await DockerRegistry.start(folder);
    made = makers['by umoci'](peers, directory('made'));
    peers.copy(from(made), `docker://${registry.host}/first:1`);
    first = await mounted(`${registry.host}/first:1`, directory('first'));
  });

  afterAll(async () => {
    await registry?.[Symbol.asyncDispose]();
    folder?.[Symbol.dispose]();
  });

  const oci = 'application/vnd.oci.image.';
  const docker = 'application/vnd.docker.';

  it.each([
    [
      'as zstd',
      ['--dest-compress-format', 'zstd', '--format', 'oci'],
      `${oci}manifest.v1+json`,
      `${oci}layer.v1.tar+zstd`,
    ],
    [
      'as Docker has it',
      ['--format', 'v2s2'],
      `${docker}distribution.manifest.v2+json`,
      `${docker}image.rootfs.diff.tar.gzip`,
    ],
  ])('into a registry %s is the same tree', async (name, options, manifestType, layerType) => {
    // A repository of its own: blobs that are there already would be taken as they are.
    const reference = `${registry.host}/${slug(name)}:1`;
    peers.copy(from(made), `docker://${reference}`, ...options);
    const { image, trees } = await mounted(reference, directory(name));
    expect(image.descriptor.mediaType).toBe(manifestType);
    expect(new Set(image.manifest.layers.map(({ mediaType }) => mediaType))).toEqual(new Set([layerType]));
    expect(differences(trees.erofs, first.trees.erofs)).toEqual([]);
    expect(image.config.rootfs).toEqual(first.image.config.rootfs);
  });

  // Uncompressed it still says that it was gzip: skopeo takes the word of the archive for it.
  it.each([
    ['uncompressed', ['--dest-oci-accept-uncompressed-layers'], 'tar'],
    ['compressed again', [], 'gzip'],
  ])('through an archive for docker load into a layout, %s, is the same tree', async (name, options, format) => {
    const archive = `docker-archive:${folder.join(`${slug(name)}.tar`)}`;
    peers.copy(`docker://${registry.host}/first:1`, `${archive}:image:latest`);
    const layout = await ImageLayout.open(folder.join(`${slug(name)}-layout`), { fsync: false });
    peers.copy(archive, `oci:${layout.directory}:image`, ...options);
    const image = await layout.image('image');
    expect(image.manifest.layers[0]?.mediaType).toBe(`${oci}layer.v1.tar+gzip`);
    for (const { digest } of image.manifest.layers) expect(formatOf(layout.path(digest))).toBe(format);
    expect(differences(await applied(image, folder.join(`${slug(name)}-applied`)), first.trees.erofs)).toEqual([]);
    expect(image.config.rootfs).toEqual(first.image.config.rootfs);
  });

  function directory(name: string): string {
    mkdirSync(folder.join(slug(name)));
    return folder.join(slug(name));
  }
});

/** By its first bytes. */
function formatOf(path: string): string {
  const start = readFileSync(path).subarray(0, 263);
  if (start.readUInt16BE() === 0x1f8b) return 'gzip';
  return start.toString('latin1', 257, 262) === 'ustar' ? 'tar' : 'unknown';
}

function slug(name: string): string {
  return name.replaceAll(/[^a-z]+/g, '-');
}

function from({ layout, tag }: MadeImage): string {
  return `oci:${layout}:${tag}`;
}
