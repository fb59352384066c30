import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Descriptor, digestOf, hostPlatform, ImageLayout, mediaTypes } from '@estiba/image-spec';

/** A layout in a folder of its own. */
export async function scratchLayout(): Promise<ImageLayout & AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), `estiba-${process.pid}-layout-`));
  const layout = await ImageLayout.open(directory, { fsync: false });
  return Object.assign(layout, {
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  });
}

/** An image of random layers, of the given sizes in bytes; returns the descriptor of its manifest. */
export async function makeImage(layout: ImageLayout, sizes: readonly number[]): Promise<Descriptor> {
  const contents = sizes.map((size) => randomBytes(size));
  const layers: Descriptor[] = [];
  for (const content of contents) {
    layers.push(await layout.write(gzipSync(content, { level: 0 }), { mediaType: mediaTypes.layerGzip }));
  }
  const { os, architecture } = hostPlatform();
  const rootfs = { type: 'layers', diff_ids: contents.map((content) => digestOf(content)) };
  const config = await writeJson(layout, { os, architecture, config: { Cmd: ['sh'] }, rootfs }, mediaTypes.config);
  return writeJson(layout, { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers }, mediaTypes.manifest);
}

export function writeJson(layout: ImageLayout, document: unknown, mediaType: string): Promise<Descriptor> {
  return layout.write(Buffer.from(JSON.stringify(document)), { mediaType });
}
