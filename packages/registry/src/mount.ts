import { isDigest } from '@estiba/image-spec';
import type { Contents } from './contents.ts';
import { type Exchange, reply } from './exchange.ts';

/**
 * A blob that another repository has, and that whoever asks may read there. Without `from`, any will do.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#mounting-a-blob-from-another-repository
 */
export async function mount(exchange: Exchange, name: string, contents: Contents): Promise<boolean> {
  const { catalog, storage, access, rules } = contents;
  const { authorization } = exchange.request.headers;
  const digest = exchange.url.searchParams.get('mount') ?? '';
  const from = exchange.url.searchParams.get('from');
  if (!isDigest(digest) || rules.lacks.has('mount')) return false;
  if (from !== null) await access?.checkMount(authorization, name, from);
  for (const candidate of from === null ? catalog.havingBlob(digest) : [from]) {
    if (access !== undefined && !(await access.may(authorization, `repository:${candidate}:pull`))) continue;
    const source = catalog.find(candidate);
    const entry = source?.blobs.get(digest);
    if (entry === undefined || (await source?.blob(digest, storage)) === undefined) continue;
    catalog.open(name).blobs.set(digest, entry);
    const headers = { location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest };
    await reply(exchange, { status: 201, headers });
    return true;
  }
  return false;
}
