import { isIPv4 } from 'node:net';

/**
 * Where a registry answers. Plain HTTP only where nobody else can listen, on loopback, or where it was asked for.
 */
export function endpoint(registry: string, insecure: readonly string[] = []): URL {
  // The name on images is not the name of the machine.
  const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry;
  const plain = isLoopback(new URL(`http://${host}`).hostname) || insecure.includes(registry);
  return new URL(`${plain ? 'http' : 'https'}://${host}/`);
}

/** https://www.rfc-editor.org/rfc/rfc6761#section-6.3 */
export function isLoopback(hostname: string): boolean {
  const host = hostname.toLowerCase();
  if (host === 'localhost' || host.endsWith('.localhost') || host === '[::1]') return true;
  return isIPv4(host) && host.startsWith('127.');
}
