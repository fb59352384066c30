import { ImageSpecError } from '@estiba/image-spec';
import { isLoopback } from './address.ts';

export interface EndpointOptions {
  readonly insecure?: readonly string[] | undefined;
  readonly secure?: readonly string[] | undefined;
}

/**
 * Where a registry answers. Plain HTTP only where nobody else can listen, on loopback, or where it was asked for.
 */
export function endpoint(registry: string, { insecure = [], secure = [] }: EndpointOptions = {}): URL {
  // The name on images is not the name of the machine.
  const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry;
  // Names allow for more than addresses do: a port beyond 65535, say.
  if (!URL.canParse(`http://${host}`)) {
    throw new ImageSpecError('REFERENCE_INVALID', `cannot reach ${registry}: it is no address of a server`);
  }
  const loopback = isLoopback(new URL(`http://${host}`).hostname) && !secure.includes(registry);
  return new URL(`${loopback || insecure.includes(registry) ? 'http' : 'https'}://${host}/`);
}
