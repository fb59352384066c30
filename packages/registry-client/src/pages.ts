import type { IncomingMessage } from 'node:http';
import { RegistryError } from './error.ts';
import type { RepositoryRequest, Transport } from './transport.ts';

export interface PagesRequest<Item> extends RepositoryRequest {
  /** With the `?`, or empty. */
  readonly query: string;
  /** Throws for what is no such page. */
  readonly parse: (bytes: Buffer, response: IncomingMessage, url: URL) => Item[];
  /** The query of the page after this one, where the registry names none; nothing where this was the last. */
  readonly after?: (items: Item[]) => string | undefined;
}

const most = 4 * 1024 * 1024;
const mostEmpty = 20;

/**
 * What a registry lists in pages, each of which names the next: `Link: </v2/x/tags/list?n=2&last=b>; rel="next"` (RFC 8288).
 * Rejects with UNEXPECTED where that leads back, or nowhere, and with REDIRECT_REFUSED where it leads to another host.
 */
export async function* pages<Item>(transport: Transport, request: PagesRequest<Item>): AsyncGenerator<Item> {
  const { path, parse, after = () => undefined, what, ...rest } = request;
  const seen = new Set<string>();
  let query: string | undefined = request.query;
  let guessed = false;
  let first: Item | undefined;
  let empty = 0;
  while (query !== undefined) {
    const { response, url, bytes } = await transport.read({ ...rest, what, path: path + query }, most);
    const items = parse(bytes, response, url);
    // It was the last one, and the registry does not know `last`: it has sent the same again.
    if (guessed && items[0] === first) return;
    yield* items;
    [first] = items;
    empty = items.length === 0 ? empty + 1 : 0;
    seen.add(query);
    const named = linked(response, url, what);
    query = named ?? after(items);
    guessed = named === undefined;
    const why = empty > mostEmpty ? 'page after page is empty' : 'a page leads back to one before it';
    if (query !== undefined && (empty > mostEmpty || seen.has(query))) {
      throw new RegistryError('UNEXPECTED', `cannot ${what}: ${why}`, { url });
    }
  }
}

/** Only the query is taken from the link: the next page is of the same list. */
function linked({ headers }: IncomingMessage, url: URL, what: string): string | undefined {
  const target = targetOf(String(headers.link ?? ''), 'next');
  if (target === undefined || !URL.canParse(target, url.href)) return undefined;
  // Behind something that adds TLS, registries tend to forget that they have it.
  const next = new URL(target, url);
  if (next.host === url.host) return next.search;
  throw new RegistryError('REDIRECT_REFUSED', `cannot ${what}: the next page is said to be at ${next.host}`, {
    url,
  });
}

/** In steps that each look at a character once: one expression for all would take seconds for a head made to be slow. */
function targetOf(header: string, relation: string): string | undefined {
  const links = header.split(/,\s*(?=<)/).map((link) => /^\s*<([^>]*)>(.*)$/.exec(link));
  const found = links.find((link) =>
    link?.[2]?.split(';').some((parameter) => {
      const [, relations = ''] = /^\s*rel\s*=\s*"?([^"]*)/i.exec(parameter) ?? [];
      return relations.toLowerCase().split(/\s/).includes(relation);
    }),
  );
  return found?.[1];
}

/** A JSON object with a list of texts in it, which may be null. */
export function parseNames(
  key: string,
  what: string,
): (bytes: Buffer, response: IncomingMessage, url: URL) => string[] {
  return (bytes, _response, url) => {
    try {
      const names = JSON.parse(bytes.toString())[key];
      if (names === null) return [];
      if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names;
    } catch {
      // The same as an answer of another shape.
    }
    throw new RegistryError('UNEXPECTED', `cannot ${what}: the answer is no list of ${key}`, { url });
  };
}

export interface ListOptions {
  /** How many the registry is asked for at once; as many as it likes unless told. */
  readonly pageSize?: number | undefined;
  /** Only what comes after this in the registry's order. */
  readonly after?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The query for the first page, and for those after it. */
export function listQuery({ pageSize, after }: ListOptions): Pick<PagesRequest<string>, 'query' | 'after'> {
  const queryAfter = (last: string | undefined) => {
    const query = new URLSearchParams();
    if (pageSize !== undefined) query.set('n', String(pageSize));
    if (last !== undefined) query.set('last', last);
    return query.size > 0 ? `?${query}` : '';
  };
  // A full page without a link may still not be the last one: registries need not send it. One that is too long shows that
  // the registry does not count, as Distribution 2 does not count tags.
  const next = (names: string[]) => (names.length === pageSize ? queryAfter(names.at(-1)) : undefined);
  return { query: queryAfter(after), after: next };
}
