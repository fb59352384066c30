import type { Reference } from '@estiba/image-spec';
import { type ListOptions, listQuery, pages, parseNames } from './pages.ts';
import type { Transport } from './transport.ts';

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags */
export function listTags(
  transport: Transport,
  { registry, repository }: Reference,
  options: ListOptions = {},
): AsyncIterableIterator<string> {
  const what = `list tags of ${registry}/${repository}`;
  const { signal } = options;
  const parse = parseNames('tags', what);
  return pages(transport, { registry, repository, path: 'tags/list', ...listQuery(options), parse, what, signal });
}
