/** Images of our own making, whose layers are packed by GNU tar and compressed in every way. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type Descriptor, digestOf, ImageLayout, mediaTypes } from '../../../packages/image-spec/src/index.ts';
import type { Scratch } from '../../../packages/testkit/src/index.ts';

export type Compression = 'none' | 'gzip' | 'zstd';

export interface LayeredImage {
  readonly layout: ImageLayout;
  readonly descriptor: Descriptor;
  /** Everything it is made of, itself first. */
  readonly blobs: readonly Descriptor[];
}

const forms = {
  none: { mediaType: mediaTypes.layer, compress: (bytes: Buffer) => bytes },
  gzip: { mediaType: mediaTypes.layerGzip, compress: (bytes: Buffer) => gzipSync(bytes) },
  zstd: { mediaType: mediaTypes.layerZstd, compress: (bytes: Buffer) => zstdCompressSync(bytes) },
} satisfies Record<Compression, { mediaType: string; compress: (bytes: Buffer) => Buffer }>;

/** A layout, and in it an image called `app` with a layer for each compression. */
export async function makeLayered(
  folder: Scratch,
  compressions: readonly Compression[],
  { architecture = 'amd64' }: { architecture?: string } = {},
): Promise<LayeredImage> {
  const layout = await ImageLayout.open(mkdtempSync(folder.join('layout-')), { fsync: false });
  const image = await addLayered(layout, folder, compressions, architecture);
  await layout.tag('app', image.descriptor);
  return image;
}

/** The same for several platforms, as an index called `app`. */
export async function makePlatforms(folder: Scratch, architectures: readonly string[]): Promise<LayeredImage> {
  const layout = await ImageLayout.open(mkdtempSync(folder.join('layout-')), { fsync: false });
  const manifests: Descriptor[] = [];
  const blobs: Descriptor[] = [];
  for (const architecture of architectures) {
    const image = await addLayered(layout, folder, ['gzip'], architecture);
    manifests.push({ ...image.descriptor, platform: { os: 'linux', architecture } });
    blobs.push(...image.blobs);
  }
  const descriptor = await write(
    layout,
    { schemaVersion: 2, mediaType: mediaTypes.index, manifests },
    mediaTypes.index,
  );
  await layout.tag('app', descriptor);
  return { layout, descriptor, blobs: [descriptor, ...blobs] };
}

/** A document as a blob. */
export function write(layout: ImageLayout, document: unknown, mediaType: string): Promise<Descriptor> {
  return layout.write(Buffer.from(JSON.stringify(document)), { mediaType });
}

async function addLayered(
  layout: ImageLayout,
  folder: Scratch,
  compressions: readonly Compression[],
  architecture: string,
): Promise<LayeredImage> {
  const layers: Descriptor[] = [];
  const diffIds: string[] = [];
  for (const [index, compression] of compressions.entries()) {
    const archive = packed(folder, `${architecture} ${index}`);
    const { mediaType, compress } = forms[compression];
    layers.push(await layout.write(compress(archive), { mediaType }));
    diffIds.push(digestOf(archive));
  }
  const rootfs = { type: 'layers', diff_ids: diffIds };
  // Those who build on an image count them.
  const history = layers.map(() => ({ created: '2023-11-14T22:13:20Z', created_by: 'tar' }));
  const config = await write(
    layout,
    { os: 'linux', architecture, config: { Cmd: ['/file-0'] }, rootfs, history },
    mediaTypes.config,
  );
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers };
  const descriptor = await write(layout, manifest, mediaTypes.manifest);
  return { layout, descriptor, blobs: [descriptor, config, ...layers] };
}

/** A few files as GNU tar packs them. */
function packed(folder: Scratch, content: string): Buffer {
  const directory = mkdtempSync(folder.join('tree-'));
  const name = content.replace(/\W/g, '-');
  mkdirSync(join(directory, 'directory'));
  writeFileSync(join(directory, `file-${name}`), content.repeat(10_000));
  writeFileSync(join(directory, 'directory', name), content, { mode: 0o755 });
  const tar = ['--sort=name', '--mtime=@1700000000', '--owner=0', '--group=0', '-C', directory, '-cf', '-', '.'];
  return spawnSync('tar', tar, { maxBuffer: 64 * 1024 * 1024 }).stdout;
}
