import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RegistryError } from './error.ts';

/** What TLS with one host takes, in PEM. */
export interface Certificates {
  /** Authorities to believe besides those of Node. */
  readonly ca?: readonly (string | Buffer)[];
  /** Whom we are; a server takes the one it knows. */
  readonly client?: readonly { readonly cert: string | Buffer; readonly key: string | Buffer }[];
}

/** By host, and port unless it is 443: `registry.lan:5000`. */
export type CertificatesFor = (host: string) => Promise<Certificates | undefined>;

/**
 * Certificates where Docker and podman look for them: `<directory>/<host:port>/` with authorities as `*.crt`, and what we are
 * as `*.cert` with a `*.key` of the same name. The first directory that knows the host counts. Rejects with
 * CERTIFICATES_INVALID. https://docs.docker.com/engine/security/certificates/ and
 * https://github.com/containers/image/blob/main/docs/containers-certs.d.5.md
 */
export function dockerCertificates({
  directories = usual(),
}: {
  directories?: readonly string[];
} = {}): CertificatesFor {
  return async (host) => {
    // What a redirect names must not lead out of the directory.
    if (host.startsWith('.') || host.includes('/')) return undefined;
    for (const name of host.replace(/^\[.*\]|[^:]*/, '').includes(':') ? [host] : [host, `${host}:443`]) {
      for (const directory of directories) {
        const found = await readCertificates(join(directory, name));
        if (found !== undefined) return found;
      }
    }
    return undefined;
  };
}

function usual(): string[] {
  return [
    join(homedir(), '.config', 'containers', 'certs.d'),
    '/etc/containers/certs.d',
    join(homedir(), '.config', 'docker', 'certs.d'),
    '/etc/docker/certs.d',
  ];
}

async function readCertificates(directory: string): Promise<Certificates | undefined> {
  const names = await readdir(directory).catch((error) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw invalid(directory, error.code, error);
  });
  if (names === undefined) return undefined;
  const read = (name: string) =>
    readFile(join(directory, name)).catch((error) => {
      throw invalid(join(directory, name), error.code, error);
    });
  const ca = await Promise.all(names.filter((name) => name.endsWith('.crt')).map(read));
  const client = await Promise.all(
    pairs(directory, names).map(async ({ cert, key }) => ({ cert: await read(cert), key: await read(key) })),
  );
  return { ca, client };
}

/** A half pair is somebody's mistake, and would show as a refusal by the server that nobody understands. */
function pairs(directory: string, names: readonly string[]): { cert: string; key: string }[] {
  const bases = (end: string) => names.filter((name) => name.endsWith(end)).map((name) => name.slice(0, -end.length));
  const [certs, keys] = [bases('.cert'), bases('.key')];
  const lonely = certs.find((name) => !keys.includes(name)) ?? keys.find((name) => !certs.includes(name));
  if (lonely === undefined) return certs.map((name) => ({ cert: `${name}.cert`, key: `${name}.key` }));
  throw invalid(directory, `of ${lonely}.cert and ${lonely}.key there is only one; authorities are called *.crt`);
}

function invalid(path: string, why: string, cause?: unknown): RegistryError {
  return new RegistryError('CERTIFICATES_INVALID', `cannot read certificates from ${path}: ${why}`, {
    url: pathToFileURL(path),
    cause,
  });
}
