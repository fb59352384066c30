import { ImageSpecError, parseReference } from '@estiba/image-spec';
import { type ListOptions, listQuery, pages, parseNames } from './pages.ts';
import type { Transport } from './transport.ts';

/**
 * Not of the OCI's specification; many large registries refuse it.
 * https://distribution.github.io/distribution/spec/api/#listing-repositories
 */
export function listRepositories(
  transport: Transport,
  host: string,
  options: ListOptions = {},
): AsyncIterableIterator<string> {
  const registry = registryOf(host);
  const what = `list repositories of ${registry}`;
  const parse = parseNames('repositories', what);
  return pages(transport, { registry, path: '_catalog', ...listQuery(options), parse, what, signal: options.signal });
}

function registryOf(host: string): string {
  const { registry, repository } = parseReference(`${host}/any/repository`);
  if (repository === 'any/repository') return registry;
  const why = 'the name of a registry has a dot or a port, or is localhost';
  throw new ImageSpecError('REFERENCE_INVALID', `cannot read registry name ${JSON.stringify(host)}: ${why}`);
}
