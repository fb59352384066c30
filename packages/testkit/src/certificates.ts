import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** An authority of our own, as PEM, a server on 127.0.0.1 and a client that it has signed. */
export interface Certificates {
  readonly authority: Certificate;
  readonly server: Certificate;
  readonly client: Certificate;
}

export function hasOpenssl(): boolean {
  return spawnSync('openssl', ['version']).status === 0;
}

/** Made by openssl(1), for a day. */
export function makeCertificates(): Certificates {
  const directory = mkdtempSync(join(tmpdir(), `estiba-${process.pid}-certificates-`));
  try {
    const authority = sign(directory, 'authority', 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign');
    const server = sign(directory, 'server', 'subjectAltName=IP:127.0.0.1,DNS:localhost', authority);
    const client = sign(directory, 'client', 'extendedKeyUsage=clientAuth', authority);
    return { authority, server, client };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Without an `issuer`, by itself. */
function sign(directory: string, name: string, extensions: string, issuer?: Certificate): Certificate {
  const path = (ending: string) => join(directory, `${name}.${ending}`);
  writeFileSync(path('ext'), extensions);
  openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', path('sec1'));
  openssl('pkcs8', '-topk8', '-nocrypt', '-in', path('sec1'), '-out', path('key'));
  openssl('req', '-new', '-key', path('key'), '-subj', `/CN=estiba ${name}`, '-out', path('csr'));
  const by =
    issuer === undefined
      ? ['-signkey', path('key')]
      : ['-CA', join(directory, 'authority.crt'), '-CAkey', join(directory, 'authority.key'), '-CAcreateserial'];
  openssl('x509', '-req', '-in', path('csr'), ...by, '-days', '1', '-extfile', path('ext'), '-out', path('crt'));
  return { key: readFileSync(path('key'), 'utf8'), cert: readFileSync(path('crt'), 'utf8') };
}

function openssl(...args: string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8', timeout: 20_000 });
  if (status !== 0) throw new Error(`openssl ${args.join(' ')} ended with ${status}: ${stderr}`);
}
