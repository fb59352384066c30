import { type ImageLayout, isDigest } from '@estiba/image-spec';
import type { Access } from './access.ts';
import { findBlob, sendBlob } from './blobs.ts';
import type { Catalog } from './catalog.ts';
import { type Exchange, reply, replyJson } from './exchange.ts';
import { receiveManifest, sendManifest } from './manifests.ts';
import { Refusal } from './refusal.ts';
import type { Storage } from './storage.ts';
import type { Uploads } from './uploads.ts';

/** What the routes of a registry work on. */
export interface Contents {
  readonly catalog: Catalog;
  readonly storage: Storage;
  readonly uploads: Uploads;
  readonly layout: ImageLayout | undefined;
  readonly access: Access | undefined;
}

const part = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const route = new RegExp(`^/v2/(${part}(?:/${part})*)/(manifests|blobs/uploads|blobs|tags)/([^/]*)$`);

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#endpoints */
export async function answer(exchange: Exchange, contents: Contents): Promise<void> {
  const { url, request } = exchange;
  const { access, catalog } = contents;
  const authorization = request.headers.authorization;
  if (url.pathname === '/token' && access !== undefined) {
    return replyJson(exchange, 200, access.grant(authorization, url.searchParams.getAll('scope')));
  }
  const [, repository, kind, rest = ''] = route.exec(url.pathname) ?? [];
  const reading = request.method === 'GET' || request.method === 'HEAD';
  access?.check(authorization, repository, reading ? 'pull' : 'push');
  if (url.pathname === '/v2/' || url.pathname === '/v2') return replyJson(exchange, 200, {});
  if (url.pathname === '/v2/_catalog' && reading)
    return replyJson(exchange, 200, { repositories: catalog.repositories });
  if (repository === undefined) throw new Refusal(404, 'NAME_UNKNOWN', `there is nothing at ${url.pathname}`);
  if (kind === 'manifests') return manifests(exchange, contents, repository, decoded(rest));
  if (kind === 'blobs') return blobs(exchange, contents, decoded(rest));
  if (kind === 'blobs/uploads') return upload(exchange, contents, repository, rest);
  return tags(exchange, catalog, repository);
}

async function manifests(exchange: Exchange, contents: Contents, repository: string, reference: string): Promise<void> {
  const { method } = exchange.request;
  if (method === 'GET' || method === 'HEAD') return sendManifest(exchange, repository, reference, contents.catalog);
  if (method !== 'PUT') throw unsupported(method);
  const { descriptor, bytes } = await receiveManifest(exchange, repository, reference, contents);
  await contents.layout?.write(bytes);
  if (!isDigest(reference)) await contents.layout?.tag(`${repository}:${reference}`, descriptor);
  await reply(exchange, {
    status: 201,
    headers: {
      location: `/v2/${repository}/manifests/${descriptor.digest}`,
      'docker-content-digest': descriptor.digest,
    },
  });
}

async function blobs(exchange: Exchange, { storage, catalog }: Contents, digest: string): Promise<void> {
  const { method } = exchange.request;
  if (method !== 'GET' && method !== 'HEAD') throw unsupported(method);
  if (!isDigest(digest)) throw new Refusal(400, 'DIGEST_INVALID', `${JSON.stringify(digest)} is not a digest`);
  await sendBlob(exchange, digest, await findBlob(storage, catalog, digest));
}

async function upload(exchange: Exchange, contents: Contents, repository: string, id: string): Promise<void> {
  const { uploads, storage, catalog } = contents;
  const { method } = exchange.request;
  if (method === 'POST') {
    const mount = exchange.url.searchParams.get('mount') ?? '';
    // Blobs are shared by all repositories, so mounting has nothing to do.
    if (isDigest(mount) && (await findBlob(storage, catalog, mount)) !== undefined) {
      return reply(exchange, {
        status: 201,
        headers: { location: `/v2/${repository}/blobs/${mount}`, 'docker-content-digest': mount },
      });
    }
    return uploads.begin(exchange, repository);
  }
  if (method === 'PATCH') return uploads.append(exchange, repository, id);
  if (method === 'PUT') return uploads.end(exchange, repository, id);
  if (method === 'GET') return uploads.status(exchange, repository, id);
  if (method === 'DELETE') return uploads.cancel(exchange, id);
  throw unsupported(method);
}

async function tags(exchange: Exchange, catalog: Catalog, repository: string): Promise<void> {
  const all = catalog.tags(repository);
  if (all === undefined) throw new Refusal(404, 'NAME_UNKNOWN', `there is no repository ${repository}`);
  const { searchParams } = exchange.url;
  const last = searchParams.get('last') ?? '';
  const most = Number(searchParams.get('n') ?? all.length);
  if (!Number.isInteger(most) || most < 0) throw new Refusal(400, 'UNSUPPORTED', 'n has to be a number of tags');
  const after = all.filter((tag) => tag > last);
  const page = after.slice(0, most);
  const more = page.length > 0 && page.length < after.length;
  const next = `</v2/${repository}/tags/list?n=${most}&last=${page.at(-1)}>; rel="next"`;
  await replyJson(exchange, 200, { name: repository, tags: page }, more ? { link: next } : {});
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Refusal(400, 'NAME_UNKNOWN', `${JSON.stringify(text)} is no part of a path`);
  }
}

function unsupported(method = ''): Refusal {
  return new Refusal(405, 'UNSUPPORTED', `${method} is not served here`);
}
