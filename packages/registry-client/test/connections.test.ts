import { lookup } from 'node:dns/promises';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect as connectTcp, type Socket } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Descriptor } from '@estiba/image-spec';
import { Registry, type RegistryOptions } from '@estiba/registry';
import { type Certificates, hasOpenssl, makeCertificates } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { isLoopback } from '../src/address.ts';
import { dockerCertificates } from '../src/certificates.ts';
import { RegistryClient, type RegistryClientOptions } from '../src/client.ts';
import { Connections } from '../src/connections.ts';
import { Http } from '../src/http.ts';
import { makeImage, scratchLayout } from './fixture.ts';
import { serve } from './odd-server.ts';

interface ProxyServer extends AsyncDisposable {
  readonly url: URL;
  /** Request lines with what was to authorize them, and whether the proxy saw the credentials of the registry. */
  readonly seen: string[];
}

/** A proxy on loopback; with a status, one that refuses; with a certificate, one that itself has TLS. */
async function startProxy(refuses?: number, secure?: { key: string; cert: string }): Promise<ProxyServer> {
  const seen: string[] = [];
  const note = ({ method, url, headers }: IncomingMessage) =>
    seen.push([method, url, headers['proxy-authorization'], headers.authorization].filter(Boolean).join(' '));
  const server = secure === undefined ? createServer() : createSecureServer(secure);
  server.on('request', async (request: IncomingMessage, response: ServerResponse) => {
    note(request);
    const answer = await fetch(request.url ?? '', { headers: { accept: request.headers.accept ?? '*/*' } });
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  server.on('connect', (request: IncomingMessage, socket) => {
    note(request);
    socket.on('error', () => {});
    if (refuses !== undefined) {
      socket.end(`HTTP/1.1 ${refuses} No\r\n\r\n`);
      return;
    }
    const [host, port] = request.url?.split(':') ?? [];
    const onward = connectTcp(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => socket.destroy());
    socket.on('close', () => onward.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: new URL(
      `${secure ? 'https' : 'http'}://ann:open%20sesame@127.0.0.1:${(server.address() as AddressInfo).port}`,
    ),
    seen,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

const basic = `Basic ${Buffer.from('ann:open sesame').toString('base64')}`;
const certificates = hasOpenssl() ? makeCertificates() : undefined;
const tls = certificates && { tls: { key: certificates.server.key, cert: certificates.server.cert } };
const ca = certificates?.authority.cert;

interface Served extends AsyncDisposable {
  readonly registry: Registry;
  readonly descriptor: Descriptor;
  readonly name: string;
  client(options?: RegistryClientOptions): RegistryClient;
}

async function served(options: RegistryOptions): Promise<Served> {
  const layout = await scratchLayout();
  const registry = await Registry.start(options);
  const descriptor = await makeImage(layout, [100_000]);
  const name = await registry.add('demo/app:1', layout, descriptor);
  return {
    registry,
    descriptor,
    name,
    client: (more = {}) => new RegistryClient({ secure: options.tls ? [registry.host] : [], retries: 0, ...more }),
    async [Symbol.asyncDispose]() {
      await registry.close();
      await layout[Symbol.asyncDispose]();
    },
  };
}

test('without TLS a proxy is asked for the whole address', async () => {
  await using proxy = await startProxy();
  await using given = await served({});
  using client = given.client({ proxy: () => proxy.url });
  expect(await client.manifest(given.name)).toMatchObject({ schemaVersion: 2 });
  expect(proxy.seen).toEqual([`GET ${given.registry.url}/v2/demo/app/manifests/1 ${basic}`]);
});

test.runIf(hasOpenssl())(
  'with TLS a proxy is asked for a tunnel, once, and sees nothing of what is inside',
  async () => {
    await using proxy = await startProxy();
    await using given = await served({ ...tls, access: { username: 'bob', password: 'secret', scheme: 'basic' } });
    const credentials = { username: 'bob', password: 'secret' };
    using client = given.client({ proxy: () => proxy.url, ca, credentials });
    await using into = await scratchLayout();
    await client.pull(given.name, { into, concurrency: 1 });
    expect(proxy.seen).toEqual([`CONNECT ${given.registry.host} ${basic}`]);
  },
);

test.runIf(hasOpenssl())('a proxy may have TLS of its own', async () => {
  await using proxy = await startProxy(undefined, certificates?.server);
  await using plain = await served({});
  await using secure = await served({ ...tls });
  for (const given of [plain, secure]) {
    using client = given.client({ proxy: () => proxy.url, ca });
    expect(await client.manifest(given.name)).toMatchObject({ schemaVersion: 2 });
  }
  expect(proxy.seen).toEqual([
    `GET ${plain.registry.url}/v2/demo/app/manifests/1 ${basic}`,
    `CONNECT ${secure.registry.host} ${basic}`,
  ]);
});

test.runIf(hasOpenssl()).each([
  [407, 'PROXY_REFUSED', 'it wants a user name and a password'],
  [403, 'PROXY_REFUSED', 'answers 403'],
])('a proxy that answers %i is an error that does not show its password', async (status, code, message) => {
  await using proxy = await startProxy(status);
  await using given = await served({ ...tls });
  using client = given.client({ proxy: () => proxy.url, ca });
  const error = await client.manifest(given.name).catch((reason) => reason);
  expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
  expect(JSON.stringify([error, error.message, error.url])).not.toContain('sesame');
});

test.runIf(hasOpenssl())('the authority of a registry is believed when it is given, and only then', async () => {
  await using given = await served({ ...tls });
  using stranger = given.client();
  await expect(stranger.manifest(given.name)).rejects.toMatchObject({
    code: 'UNREACHABLE',
    retryable: false,
    message: expect.stringContaining('`ca`'),
  });
  using client = given.client({ ca });
  expect(await client.manifest(given.name)).toMatchObject({ schemaVersion: 2 });
});

test.runIf(hasOpenssl())('certificates lie where Docker keeps them', async () => {
  const directory = await mkdtemp(join(tmpdir(), `estiba-${process.pid}-certs-`));
  try {
    await using given = await served({
      tls: { ...(certificates as Certificates).server, clientAuthority: ca as string },
    });
    const own = join(directory, given.registry.host);
    await mkdir(own);
    await writeFile(join(own, 'authority.crt'), ca ?? '');
    using stranger = given.client({ certificates: dockerCertificates({ directories: [directory] }) });
    await expect(stranger.manifest(given.name)).rejects.toMatchObject({ code: 'UNREACHABLE' });
    await writeFile(join(own, 'me.cert'), certificates?.client.cert ?? '');
    await writeFile(join(own, 'me.key'), certificates?.client.key ?? '');
    using client = given.client({ certificates: dockerCertificates({ directories: ['/nowhere', directory] }) });
    expect(await client.manifest(given.name)).toMatchObject({ schemaVersion: 2 });
  } finally {
    await rm(directory, { recursive: true });
  }
});

test.runIf(hasOpenssl())('what is no certificate is an error that says so', async () => {
  await using given = await served({ ...tls });
  using client = given.client({ certificates: async () => ({ client: [{ cert: 'x', key: 'y' }] }) });
  await expect(client.manifest(given.name)).rejects.toMatchObject({ code: 'CERTIFICATES_INVALID' });
});

const inside = new URL('http://inside.test/');

test.each([
  ['http://registry.example/', '127.0.0.1', 'ADDRESS_REFUSED'],
  ['http://registry.example/', '::ffff:169.254.169.254', 'ADDRESS_REFUSED'],
  ['http://registry.example/', '10.0.0.1', undefined],
  ['http://localhost/', '127.0.0.1', undefined],
])('sent by %s, a connection to %s that is there already gives %s', async (from, remoteAddress, code) => {
  const connections = new Connections({ proxy: () => undefined }, 1000);
  const { checkSocket } = await connections.route(inside, { from: new URL(from) });
  expect(checkSocket?.({ remoteAddress } as Socket)?.code).toBe(code);
  expect((await connections.route(inside, {})).checkSocket).toBeUndefined();
  const proxied = new Connections({ proxy: () => new URL('http://127.0.0.1:3128') }, 1000);
  expect((await proxied.route(inside, { from: new URL(from) })).checkSocket).toBeUndefined();
});

// A name like any other, that is this machine's in its file of hosts.
const name = hostname();
const named = (await lookup(name).catch(() => undefined))?.address.startsWith('127.') && !isLoopback(name);

test.skipIf(!named)(
  'a connection that is kept is no way around the check of where a registry may send us',
  async () => {
    let asked = 0;
    await using server = await serve((_, response) => {
      asked += 1;
      response.end('secrets');
    });
    const http = new Http({ proxy: () => undefined });
    const url = new URL(`http://${name}:${new URL(server.url).port}/`);
    const ask = async (from?: string) =>
      http.drain(await http.send({ method: 'GET', url, headers: {}, from: from ? new URL(from) : undefined }), url);
    try {
      await ask();
      await expect(ask('http://registry.example/')).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' });
      expect(asked).toBe(1);
      await ask('http://localhost/');
    } finally {
      http.close();
    }
  },
);
