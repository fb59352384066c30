import { isDigest, mediaTypes } from '@estiba/image-spec';
import type { Contents } from './contents.ts';
import { type Exchange, replyJson } from './exchange.ts';
import { pageOf } from './pages.ts';
import { Refusal } from './refusal.ts';

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags */
export async function sendTags(exchange: Exchange, name: string, { catalog, rules }: Contents): Promise<void> {
  const repository = catalog.find(name);
  if (repository === undefined) throw new Refusal(404, 'NAME_UNKNOWN', `there is no repository ${name}`);
  const { items, headers } = pageOf(exchange, [...repository.tags.keys()].sort(), (tag) => tag, rules.pageSize);
  await replyJson(exchange, 200, { name, tags: items }, headers);
}

/** Docker's. https://distribution.github.io/distribution/spec/api/#listing-repositories */
export async function sendCatalog(exchange: Exchange, { catalog, rules }: Contents): Promise<void> {
  const { items, headers } = pageOf(exchange, catalog.names, (name) => name, rules.pageSize);
  await replyJson(exchange, 200, { repositories: items }, headers);
}

/** An empty list where nothing is known. https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers */
export async function sendReferrers(
  exchange: Exchange,
  name: string,
  subject: string,
  { catalog, rules }: Contents,
): Promise<void> {
  if (!isDigest(subject)) throw new Refusal(400, 'DIGEST_INVALID', `${JSON.stringify(subject)} is not a digest`);
  const type = exchange.url.searchParams.get('artifactType');
  const all = catalog.find(name)?.referrers(subject) ?? [];
  const wanted = type === null ? all : all.filter(({ artifactType }) => artifactType === type);
  const { items, headers } = pageOf(exchange, wanted, ({ digest }) => digest, rules.pageSize);
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: items };
  await replyJson(exchange, 200, index, {
    'content-type': mediaTypes.index,
    ...headers,
    ...(type !== null && { 'oci-filters-applied': 'artifactType' }),
  });
}
