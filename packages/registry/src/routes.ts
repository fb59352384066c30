import { deleteBlob, sendBlob } from './blobs.ts';
import type { Contents } from './contents.ts';
import { type Exchange, replyJson } from './exchange.ts';
import { sendCatalog, sendReferrers, sendTags } from './lists.ts';
import { deleteManifest, receiveManifest, sendManifest } from './manifests.ts';
import { mount } from './mount.ts';
import { checkRepository } from './names.ts';
import { Refusal } from './refusal.ts';
import { answerToken } from './token-server.ts';

const route = /^\/v2\/(.+)\/(manifests|blobs\/uploads|blobs|tags|referrers)\/([^/]*)$/;

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#endpoints */
export async function answer(exchange: Exchange, contents: Contents): Promise<void> {
  const { access, rules } = contents;
  const { pathname } = exchange.url;
  if (pathname === '/token' && access !== undefined) return answerToken(exchange, access, rules);
  const [, name, kind = '', rest = ''] = route.exec(pathname) ?? [];
  const { authorization } = exchange.request.headers;
  if (name !== undefined) {
    await access?.check(authorization, `repository:${name}:${actionOf(exchange, kind)}`);
    checkRepository(name);
    return answerIn(exchange, { name, kind, rest: decoded(rest) }, contents);
  }
  await access?.check(authorization, pathname === '/v2/_catalog' ? 'registry:catalog:*' : undefined);
  if (pathname === '/v2/' || pathname === '/v2') return replyJson(exchange, 200, {});
  if (pathname === '/v2/_catalog' && isReading(exchange)) return sendCatalog(exchange, contents);
  throw new Refusal(404, 'NAME_UNKNOWN', `there is nothing at ${pathname}`);
}

/** Below `/v2/<name>/`. */
async function answerIn(
  exchange: Exchange,
  { name, kind, rest }: { name: string; kind: string; rest: string },
  contents: Contents,
): Promise<void> {
  const { deletes, lacks } = contents.rules;
  const { method } = exchange.request;
  if (actionOf(exchange, kind) === 'delete' && !deletes) throw unsupported(method);
  if (kind === 'manifests') return manifests(exchange, name, rest, contents);
  if (kind === 'blobs') return blobs(exchange, name, rest, contents);
  if (kind === 'blobs/uploads') return upload(exchange, name, rest, contents);
  if (!isReading(exchange)) throw unsupported(method);
  if (kind === 'tags') return sendTags(exchange, name, contents);
  if (!lacks.has('referrers')) return sendReferrers(exchange, name, rest, contents);
  throw new Refusal(404, 'UNSUPPORTED', 'referrers are not listed here');
}

function isReading({ request: { method } }: Exchange): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** What one has to be allowed to. To cancel an upload is a part of uploading. */
function actionOf(exchange: Exchange, kind: string): 'pull' | 'push' | 'delete' {
  if (isReading(exchange)) return 'pull';
  return exchange.request.method === 'DELETE' && kind !== 'blobs/uploads' ? 'delete' : 'push';
}

async function manifests(exchange: Exchange, name: string, reference: string, contents: Contents): Promise<void> {
  const { method } = exchange.request;
  if (method === 'GET' || method === 'HEAD') return sendManifest(exchange, name, reference, contents);
  if (method === 'PUT') return receiveManifest(exchange, name, reference, contents);
  if (method === 'DELETE') return deleteManifest(exchange, name, reference, contents);
  throw unsupported(method);
}

async function blobs(exchange: Exchange, name: string, digest: string, contents: Contents): Promise<void> {
  const { method } = exchange.request;
  if (method === 'GET' || method === 'HEAD') return sendBlob(exchange, name, digest, contents);
  if (method === 'DELETE') return deleteBlob(exchange, name, digest, contents);
  throw unsupported(method);
}

async function upload(exchange: Exchange, name: string, id: string, contents: Contents): Promise<void> {
  const { uploads } = contents;
  const { method } = exchange.request;
  if (method === 'POST') return (await mount(exchange, name, contents)) ? undefined : uploads.begin(exchange, name);
  if (method === 'PATCH') return uploads.append(exchange, name, id);
  if (method === 'PUT') return uploads.end(exchange, name, id);
  if (method === 'GET') return uploads.status(exchange, name, id);
  if (method === 'DELETE') return uploads.cancel(exchange, name, id);
  throw unsupported(method);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Refusal(400, 'NAME_INVALID', `${JSON.stringify(text)} is no part of a path`);
  }
}

function unsupported(method = ''): Refusal {
  return new Refusal(405, 'UNSUPPORTED', `${method} is not served here`);
}
