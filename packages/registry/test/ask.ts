import { type Descriptor, digestOf, mediaTypes } from '@estiba/image-spec';
import type { Registry } from '../src/registry.ts';

export interface Asked {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
  readonly json: () => Record<string, unknown>;
}

export interface AskOptions {
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array | string;
}

/** One request, to a path below `/v2/` or to an address that the registry gave. */
export async function ask(
  registry: Registry,
  method: string,
  path: string,
  { headers = {}, body }: AskOptions = {},
): Promise<Asked> {
  const url = new URL(path, `${registry.url}/v2/`);
  const content = body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) };
  const response = await fetch(url, { method, headers, redirect: 'manual', ...content });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, body: bytes, json: () => JSON.parse(bytes.toString()) };
}

export function location({ headers }: Asked, query: Record<string, string> = {}): string {
  const url = new URL(headers.get('location') ?? '', 'http://registry');
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.pathname + url.search;
}

export async function pushContent(registry: Registry, name: string, content: Uint8Array | string): Promise<Descriptor> {
  const bytes = Buffer.from(content);
  const digest = digestOf(bytes);
  await ask(registry, 'POST', `${name}/blobs/uploads/?digest=${digest}`, { body: bytes });
  return { mediaType: 'application/octet-stream', digest, size: bytes.length };
}

/** Pushes a document with its blobs there already, by its digest, and returns its descriptor. */
export async function pushDocument(
  registry: Registry,
  reference: string,
  document: Record<string, unknown>,
): Promise<Descriptor & { answer: Asked }> {
  const bytes = Buffer.from(JSON.stringify(document));
  const mediaType = typeof document.mediaType === 'string' ? document.mediaType : mediaTypes.manifest;
  const digest = digestOf(bytes);
  const [name = '', tag] = reference.split(':');
  const path = `${name}/manifests/${tag ?? digest}`;
  const answer = await ask(registry, 'PUT', path, { headers: { 'content-type': mediaType }, body: bytes });
  return Object.assign({ mediaType, digest, size: bytes.length }, { answer });
}

/** The smallest thing that has a config and a layer. `more` goes into the manifest. */
export async function pushImage(
  registry: Registry,
  reference: string,
  more: Record<string, unknown> = {},
): Promise<Descriptor & { answer: Asked }> {
  const [name = ''] = reference.split(':');
  const config = { ...(await pushContent(registry, name, '{}')), mediaType: mediaTypes.config };
  const layer = await pushContent(registry, name, `layer of ${reference}`);
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [layer], ...more };
  return pushDocument(registry, reference, manifest);
}
