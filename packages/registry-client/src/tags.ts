import type { Reference } from '@estiba/image-spec';
import { RegistryError } from './error.ts';
import type { Transport } from './transport.ts';

const most = 4 * 1024 * 1024;

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags */
export async function* listTags(
  transport: Transport,
  { registry, repository }: Reference,
  signal?: AbortSignal,
): AsyncIterableIterator<string> {
  let path: string | undefined = 'tags/list';
  let last: string | undefined;
  while (path !== undefined) {
    const what = `list tags of ${registry}/${repository}`;
    const { response, url, bytes } = await transport.read({ registry, repository, path, what, signal }, most);
    const tags = parseTags(bytes, url, what);
    yield* tags;
    const next = nextPath(response.headers.link);
    // A registry that sends the same page again would keep us for ever.
    if (next === path || (tags.length > 0 && tags.at(-1) === last)) return;
    last = tags.at(-1);
    path = next;
  }
}

function parseTags(bytes: Buffer, url: URL, what: string): string[] {
  try {
    const { tags } = JSON.parse(bytes.toString());
    if (tags === null) return [];
    if (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')) return tags;
  } catch {
    // The same as an answer of another shape.
  }
  throw new RegistryError('UNEXPECTED', `cannot ${what}: the answer is no list of tags`, { url });
}

/** Only the query is taken from the link: the next page is of the same registry and repository. RFC 8288 */
function nextPath(link: string | string[] | undefined): string | undefined {
  const [, target] = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(String(link ?? '')) ?? [];
  if (target === undefined || !URL.canParse(target, 'http://localhost')) return undefined;
  return `tags/list${new URL(target, 'http://localhost').search}`;
}
