import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Descriptor, digestOf, ImageLayout, mediaTypes } from '@estiba/image-spec';
import type { Registry } from '../src/registry.ts';

/** A layout in a folder of its own. */
export async function scratchLayout(): Promise<ImageLayout & AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), 'estiba-registry-'));
  const layout = await ImageLayout.open(directory, { fsync: false });
  return Object.assign(layout, { [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) });
}

/** A manifest and its blobs, as bytes. */
export interface Parts {
  readonly blobs: readonly Buffer[];
  readonly manifest: Buffer;
}

export function makeParts(): Parts {
  const layer = randomBytes(1000);
  const config = Buffer.from(
    JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [digestOf(layer)] } }),
  );
  const describe = (bytes: Buffer, mediaType: string) => ({ mediaType, digest: digestOf(bytes), size: bytes.length });
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: describe(config, mediaTypes.config),
    layers: [describe(layer, mediaTypes.layer)],
  };
  return { blobs: [layer, config], manifest: Buffer.from(JSON.stringify(manifest)) };
}

export async function store(layout: ImageLayout, { blobs, manifest }: Parts): Promise<Descriptor> {
  for (const blob of blobs) await layout.write(blob);
  return layout.write(manifest, { mediaType: mediaTypes.manifest });
}

/** POST, then PUT with the content. */
export async function pushBlob(
  { url }: Registry,
  repository: string,
  blob: Buffer,
  digest: string = digestOf(blob),
): Promise<Response> {
  const begun = await fetch(`${url}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
  const location = new URL(begun.headers.get('location') ?? '', url);
  location.searchParams.set('digest', digest);
  return fetch(location, { method: 'PUT', body: new Uint8Array(blob) });
}

export function pushManifest(
  { url }: Registry,
  repository: string,
  reference: string,
  manifest: Buffer,
): Promise<Response> {
  const headers = { 'content-type': mediaTypes.manifest };
  return fetch(`${url}/v2/${repository}/manifests/${reference}`, {
    method: 'PUT',
    headers,
    body: new Uint8Array(manifest),
  });
}

export async function codeOf(response: Response): Promise<string> {
  return ((await response.json()) as { errors: { code: string }[] }).errors[0]?.code ?? '';
}
