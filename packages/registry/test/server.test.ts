import { request } from 'node:https';
import { type Certificates, hasOpenssl, makeCertificates } from '@estiba/testkit';
import { beforeAll, describe, expect, test } from 'vitest';
import { Registry } from '../src/registry.ts';
import { makeParts, scratchLayout, store } from './client.ts';

describe.skipIf(!hasOpenssl())('a registry over TLS', () => {
  let certificates: Certificates;

  beforeAll(() => {
    certificates = makeCertificates();
  });

  test('shows its certificate', async () => {
    await using registry = await Registry.start({ tls: certificates.server });
    expect(registry.url).toBe(`https://${registry.host}`);
    expect(await statusOf(`${registry.url}/v2/`, { ca: certificates.authority.cert })).toBe(200);
    await expect(statusOf(`${registry.url}/v2/`, {})).rejects.toThrow(/certificate/);
  });

  test('can ask for one', async () => {
    const { authority, server, client } = certificates;
    await using registry = await Registry.start({ tls: { ...server, clientAuthority: authority.cert } });
    const trust = { ca: authority.cert };
    expect(await statusOf(`${registry.url}/v2/`, { ...trust, ...client })).toBe(200);
    await expect(statusOf(`${registry.url}/v2/`, trust)).rejects.toThrow();
  });

  test('has its second origin there, too', async () => {
    await using registry = await Registry.start({ tls: certificates.server });
    const elsewhere = await registry.elsewhere();
    expect(elsewhere).toMatch(/^https:/);
    expect(await statusOf(`${elsewhere}/v2/`, { ca: certificates.authority.cert })).toBe(200);
  });
});

function statusOf(url: string, options: { ca?: string; key?: string; cert?: string }): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { ...options, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .once('error', reject)
      .end();
  });
}

test('a request with too much of a head is refused', async () => {
  await using registry = await Registry.start();
  const headers = { 'x-long': 'x'.repeat(70_000) };
  expect((await fetch(`${registry.url}/v2/`, { headers })).status).toBe(431);
});

test('a registry on a port of its own serves what its layout holds from the first request on', async () => {
  await using layout = await scratchLayout();
  await layout.tag('demo:1', await store(layout, makeParts()));
  const first = await Registry.start({ storage: layout });
  const port = Number(new URL(first.url).port);
  await first.close();
  const starting = Registry.start({ storage: layout, port });
  const status = async () => (await fetch(`${first.url}/v2/demo/manifests/1`).catch(() => undefined))?.status;
  let answer: number | undefined;
  while (answer === undefined) answer = await status();
  expect(answer).toBe(200);
  await (await starting).close();
});
