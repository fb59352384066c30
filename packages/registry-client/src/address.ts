import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { RegistryError } from './error.ts';

/** Whether this machine alone answers there. https://www.rfc-editor.org/rfc/rfc6761#section-6.3 */
export function isLoopback(hostname: string): boolean {
  const host = bare(hostname);
  return host === 'localhost' || host.endsWith('.localhost') || placeOf(host) === 'this machine';
}

/**
 * Throws ADDRESS_REFUSED where somebody sends us to what he cannot reach himself: services of this machine, and those that
 * tell a machine in a cloud its secrets. https://owasp.org/www-community/attacks/Server_Side_Request_Forgery
 */
export function checkReach(from: URL, to: URL): void {
  if (from.hostname === to.hostname) return;
  const place = isLoopback(to.hostname) ? 'this machine' : placeOf(bare(to.hostname));
  if (place !== undefined && !isOf(place, from)) throw refuse(from, to.hostname, place);
}

/** As `checkReach`, for the addresses behind a name. */
export function guardedLookup(from: URL): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, options, (error, found, family) => {
      const addresses = Array.isArray(found) ? found.map(({ address }) => address) : [found];
      const refused = error ? [] : addresses.map((address) => foreignAddress(from, hostname, address)).filter(Boolean);
      done(error ?? refused[0] ?? null, found as string, family);
    });
  };
}

/** The same for one address, also of a connection that somebody else has made. */
export function foreignAddress(from: URL, hostname: string, address: string): RegistryError | undefined {
  const place = placeOf(address);
  if (place === undefined || isOf(place, from)) return undefined;
  return refuse(from, `${hostname}, which is ${address}`, place);
}

type Near = 'this machine' | 'this link';

const near: Readonly<Record<Near, BlockList>> = {
  'this machine': blocks(['127.0.0.0', 8], ['0.0.0.0', 8], ['::', 127]),
  // fd00:ec2::254 and 100.100.100.200 are not on the link, but for the same use as 169.254.169.254.
  'this link': blocks(['169.254.0.0', 16], ['fe80::', 10], ['fd00:ec2::', 32], ['100.100.100.200', 32]),
};

function blocks(...ranges: [string, number][]): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of ranges) list.addSubnet(network, prefix, familyOf(network));
  return list;
}

function placeOf(address: string): Near | undefined {
  // An IPv4 address in the clothes of an IPv6 one is compared with the IPv4 ranges by BlockList itself.
  if (isIP(address) === 0) return undefined;
  if (near['this machine'].check(address, familyOf(address))) return 'this machine';
  return near['this link'].check(address, familyOf(address)) ? 'this link' : undefined;
}

function isOf(place: Near, { hostname }: URL): boolean {
  return place === 'this machine' ? isLoopback(hostname) : placeOf(bare(hostname)) === place;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

/** Without the brackets of an IPv6 address, and the dot at the end of a name. */
function bare(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

function refuse(from: URL, to: string, place: string): RegistryError {
  return new RegistryError('ADDRESS_REFUSED', `cannot follow ${from.host}: it leads to ${to}, an address of ${place}`, {
    url: from,
  });
}
