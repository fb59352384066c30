/** Layouts and archives of images: what we write others read, and the other way round, with the same digests. */
import { createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ArchivedImage,
  type ArchiveFormat,
  type Descriptor,
  type Digest,
  digestOf,
  ImageLayout,
  mediaTypes,
  openArchive,
  readArchive,
  writeArchive,
} from '../../packages/image-spec/src/index.ts';
import { requires, type Scratch, scratch } from '../../packages/testkit/src/index.ts';
import { Peers } from './peers.ts';

const command = ['skopeo', 'podman', 'umoci', 'tar'];
/** All platforms, and no layer compressed on the way. */
const same = ['--all', '--preserve-digests'];

requires({ on: ['host'], root: true, command })('an image in a layout or an archive', () => {
  let folder: Scratch;
  let peers: Peers;
  let ours: ImageLayout;
  let images: Record<Name, Descriptor>;

  beforeAll(async () => {
    folder = scratch('archives');
    peers = new Peers(folder);
    ours = await ImageLayout.open(folder.join('ours'), { fsync: false });
    const host = await makeImage(ours, folder, 'amd64');
    const arm = await makeImage(ours, folder, 'arm64');
    const old = await makeImage(ours, folder, 'amd64', ['none', 'gzip']);
    images = { one: host, both: await makeIndex(ours, [host, arm]), old };
    for (const [name, descriptor] of Object.entries(images)) await ours.tag(name, descriptor);
  });

  afterAll(() => folder?.[Symbol.dispose]());

  async function archived(name: Name, format: ArchiveFormat, options = {}): Promise<string> {
    const path = folder.join(`${name}-${format}-${Object.values(options).join()}.tar`);
    const written = writeArchive([{ source: ours, descriptor: images[name], names: ['localhost/demo:1'] }], {
      format,
      ...options,
    });
    await pipeline(written, createWriteStream(path));
    return path;
  }

  async function imported(archive: string | Readable): Promise<{ layout: ImageLayout; image: ArchivedImage }> {
    const layout = await ImageLayout.open(folder.join(`imported-${++count}`), { fsync: false });
    const [image, ...others] = await readArchive(archive, { into: layout });
    expect(others).toEqual([]);
    expect(await layout.fsck()).toEqual([]);
    return { layout, image: image as ArchivedImage };
  }
  let count = 0;

  it.each(['one', 'both'] as const)('goes through skopeo from layout to layout (%s)', async (name) => {
    peers.copy(`oci:${ours.directory}:${name}`, `oci:${folder.join(`skopeo-${name}`)}:again`, ...same);
    const theirs = await ImageLayout.open(folder.join(`skopeo-${name}`), { fsync: false });
    expect((await names(theirs)).get('again')).toBe(images[name].digest);
    expect(await theirs.fsck()).toEqual([]);
    expect(await blobsOf(theirs)).toEqual(await blobsReachedFrom(ours, images[name]));
  });

  it.each(['one', 'both'] as const)('is the same in an oci-archive that skopeo reads (%s)', async (name) => {
    const path = await archived(name, 'oci-archive');
    const target = folder.join(`from-archive-${name}`);
    peers.copy(`oci-archive:${path}`, `oci:${target}:again`, ...same);
    const theirs = await ImageLayout.open(target, { fsync: false });
    expect((await names(theirs)).get('again')).toBe(images[name].digest);
    expect(await blobsOf(theirs)).toEqual(await blobsReachedFrom(ours, images[name]));
  });

  it.each(['one', 'both'] as const)('is the same in an oci-archive that skopeo wrote (%s)', async (name) => {
    const path = folder.join(`skopeo-${name}.tar`);
    peers.copy(`oci:${ours.directory}:${name}`, `oci-archive:${path}:demo`, ...same);
    const { layout, image } = await imported(path);
    expect(image).toMatchObject({ descriptor: { digest: images[name].digest }, names: ['demo'] });
    expect(await blobsOf(layout)).toEqual(await blobsReachedFrom(ours, images[name]));
    await using archive = await openArchive(path);
    expect(archive.images[0]?.descriptor).toEqual(image.descriptor);
  });

  it.each(['stored', 'uncompressed'] as const)(
    'is, in a docker-archive, the same image for skopeo (layers %s)',
    async (layers) => {
      const path = await archived('one', 'docker-archive', { layers });
      const target = folder.join(`dir-${layers}`);
      peers.copy(`docker-archive:${path}`, `dir:${target}`);
      const manifest = JSON.parse(readFileSync(join(target, 'manifest.json'), 'utf8'));
      const { manifest: own, config } = await ours.image('one');
      expect(manifest.config.digest).toBe(own.config.digest);
      expect(manifest.layers.map(({ digest }: Descriptor) => digest)).toEqual(config.rootfs.diff_ids);
    },
  );

  it('is, in a docker-archive that skopeo wrote, the image that skopeo calls so', async () => {
    const path = folder.join('skopeo-docker.tar');
    peers.copy(`oci:${ours.directory}:old`, `docker-archive:${path}:localhost/demo:1`);
    const { layout, image } = await imported(path);
    expect(image.names).toEqual(['localhost/demo:1']);
    const { manifest, config } = await layout.image('localhost/demo:1');
    const [entry] = JSON.parse(peers.run(['tar', '-xOf', path, 'manifest.json']));
    expect(`${manifest.config.digest.slice(7)}.json`).toBe(entry.Config);
    expect(manifest.layers.map(({ digest }) => digest)).toEqual((await ours.image('old')).config.rootfs.diff_ids);
    expect(config.rootfs.diff_ids).toEqual(manifest.layers.map(({ digest }) => digest));
    // As a stream, and compressed as a whole: the same.
    const again = await imported(Readable.from([gzipSync(readFileSync(path))], { objectMode: false }));
    expect(again.image.descriptor).toEqual(image.descriptor);
  });

  describe.each([
    ['docker-archive', 'old'],
    ['oci-archive', 'one'],
  ] as const)('as a %s (%s)', (format, name) => {
    it('is loaded by podman, and comes back with the same id', async () => {
      peers.run(['podman', 'load', '--quiet', '--input', await archived(name, format)]);
      const id = peers.run(['podman', 'image', 'inspect', '--format', '{{.Id}}', 'localhost/demo:1']).trim();
      const { manifest, config } = await ours.image(name);
      expect(`sha256:${id}`).toBe(manifest.config.digest);
      const path = folder.join(`podman-${format}.tar`);
      peers.run(['podman', 'save', '--quiet', '--format', format, '--output', path, 'localhost/demo:1']);
      peers.run(['podman', 'rmi', '--force', 'localhost/demo:1']);
      const { layout, image } = await imported(path);
      expect(image.names).toEqual(['localhost/demo:1']);
      const back = await layout.image(image.descriptor);
      expect(back.config.rootfs).toEqual(config.rootfs);
      // podman makes another config only where it changes the format.
      if (format === 'oci-archive') expect(back.manifest.config.digest).toBe(manifest.config.digest);
    });
  });

  it('is worked on by umoci in our layout, which stays in order', async () => {
    const layout = await ImageLayout.open(folder.join('umoci'), { fsync: false });
    const descriptor = await makeImage(layout, folder, 'amd64', ['none', 'gzip']);
    await layout.tag('base', descriptor);
    await layout.write(Buffer.from('unneeded'));
    const place = layout.directory;
    expect(peers.run(['umoci', 'ls', '--layout', place]).trim()).toBe('base');
    peers.run(['umoci', 'tag', '--image', `${place}:base`, 'other']);
    expect((await names(layout)).get('other')).toBe(descriptor.digest);
    peers.run(['umoci', 'config', '--image', `${place}:other`, '--tag', 'changed', '--author', 'somebody']);
    expect((await layout.image('changed')).config.author).toBe('somebody');
    peers.run(['umoci', 'gc', '--layout', place]);
    expect(await layout.has(digestOf('unneeded'))).toBe(false);
    expect(await layout.fsck()).toEqual([]);
    // And nothing of what it made is unneeded for us.
    expect((await layout.prune()).removed).toEqual([]);
    expect((await ImageLayout.open(place)).directory).toBe(place);
    peers.run(['umoci', 'stat', '--image', `${place}:changed`]);
  });
});

/** `old` has no zstd: these versions of skopeo and podman convert none to Docker's formats. */
type Name = 'one' | 'both' | 'old';

type Compression = 'none' | 'gzip' | 'zstd';

async function makeImage(
  layout: ImageLayout,
  folder: Scratch,
  architecture: string,
  kinds: readonly Compression[] = ['none', 'gzip', 'zstd'],
): Promise<Descriptor> {
  const [layers, diffIds]: [Descriptor[], Digest[]] = [[], []];
  for (const kind of kinds) {
    const tar = layerTar(folder, `${architecture}-${kind}`);
    diffIds.push(digestOf(tar));
    layers.push(await layout.write(compress[kind](tar), { mediaType: layerTypes[kind] }));
  }
  const json = (document: unknown, mediaType: string) =>
    layout.write(Buffer.from(JSON.stringify(document)), { mediaType });
  const history = kinds.map((kind) => ({ created: '2026-01-01T00:00:00Z', created_by: kind }));
  const rootfs = { type: 'layers', diff_ids: diffIds };
  const created = '2026-01-01T00:00:00Z';
  const config = await json(
    { created, architecture, os: 'linux', config: { Cmd: ['/bin/sh'] }, rootfs, history },
    mediaTypes.config,
  );
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers };
  return { ...(await json(manifest, mediaTypes.manifest)) };
}

async function makeIndex(layout: ImageLayout, images: readonly Descriptor[]): Promise<Descriptor> {
  const platforms = ['amd64', 'arm64'].map((architecture) => ({ os: 'linux', architecture }));
  const manifests = images.map((image, at) => ({ ...image, platform: platforms[at] }));
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests };
  return layout.write(Buffer.from(JSON.stringify(index)), { mediaType: mediaTypes.index });
}

const compress: Record<Compression, (tar: Buffer) => Buffer> = {
  none: (tar) => tar,
  gzip: gzipSync,
  zstd: zstdCompressSync,
};
const layerTypes: Record<Compression, string> = {
  none: mediaTypes.layer,
  gzip: mediaTypes.layerGzip,
  zstd: mediaTypes.layerZstd,
};

function layerTar(folder: Scratch, name: string): Buffer {
  const directory = folder.join('trees', name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, name), name.repeat(20_000));
  const peers = new Peers(folder);
  const options = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'];
  peers.run(['tar', ...options, '-C', directory, '-cf', `${directory}.tar`, '.']);
  return readFileSync(`${directory}.tar`);
}

async function names(layout: ImageLayout): Promise<Map<string, Digest>> {
  const found = new Map<string, Digest>();
  for await (const { name, descriptor } of layout.images()) found.set(name, descriptor.digest);
  return found;
}

/** All of them, byte for byte, as their names say and `fsck` has confirmed. */
async function blobsOf({ directory }: ImageLayout): Promise<string[]> {
  return (await readdir(join(directory, 'blobs/sha256'))).sort();
}

async function blobsReachedFrom(layout: ImageLayout, root: Descriptor): Promise<string[]> {
  const document = JSON.parse(await readFile(layout.path(root.digest), 'utf8'));
  const children: Descriptor[] = document.manifests ?? [];
  const below = await Promise.all(children.map((child) => blobsReachedFrom(layout, child)));
  const own: Descriptor[] = document.manifests === undefined ? [document.config, ...document.layers] : [];
  return [...new Set([root, ...own].map(({ digest }) => digest.slice(7)).concat(...below))].sort();
}
