import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Descriptor, digestOf, ImageLayout, mediaTypes } from '../src/index.ts';

/** A folder that goes away. */
export async function scratch(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), `estiba-${process.pid}-image-spec-`));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

export function openLayout(path: string): Promise<ImageLayout> {
  return ImageLayout.open(path, { fsync: false });
}

export function writeJson(layout: ImageLayout, document: unknown, mediaType: string): Promise<Descriptor> {
  return layout.write(Buffer.from(JSON.stringify(document)), { mediaType });
}

/** An image whose layers are the given texts, uncompressed. */
export async function makeImage(
  layout: ImageLayout,
  texts: readonly string[],
  architecture = 'amd64',
): Promise<Descriptor> {
  const layers: Descriptor[] = [];
  for (const text of texts) layers.push(await layout.write(Buffer.from(text), { mediaType: mediaTypes.layer }));
  const rootfs = { type: 'layers', diff_ids: texts.map((text) => digestOf(text)) };
  const config = await writeJson(layout, { os: 'linux', architecture, rootfs }, mediaTypes.config);
  return writeJson(layout, { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers }, mediaTypes.manifest);
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
