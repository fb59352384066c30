import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dockerCertificates } from '../src/certificates.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), `estiba-${process.pid}-certs-`));
});

afterEach(() => rm(directory, { recursive: true }));

async function keep(host: string, ...names: readonly string[]): Promise<void> {
  await mkdir(join(directory, host), { recursive: true });
  for (const name of names) await writeFile(join(directory, host, name), name);
}

function find(host: string) {
  return dockerCertificates({ directories: [directory] })(host);
}

test('a folder for a host holds authorities, and pairs of certificate and key', async () => {
  await keep('registry.lan:5000', 'a.crt', 'b.crt', 'me.cert', 'me.key', 'README');
  expect(await find('registry.lan:5000')).toEqual({
    ca: [Buffer.from('a.crt'), Buffer.from('b.crt')],
    client: [{ cert: Buffer.from('me.cert'), key: Buffer.from('me.key') }],
  });
});

test('another port is another host', async () => {
  await keep('registry.lan:5000', 'a.crt');
  expect(await find('registry.lan')).toBeUndefined();
  expect(await find('registry.lan:5001')).toBeUndefined();
});

test('443 is the port that need not be named', async () => {
  await keep('registry.lan:443', 'a.crt');
  expect(await find('registry.lan')).toBeDefined();
});

test.each(['a.cert', 'a.key'])('%s alone is an error', async (name) => {
  await keep('registry.lan', name);
  await expect(find('registry.lan')).rejects.toMatchObject({ code: 'CERTIFICATES_INVALID' });
});

test('a host does not lead out of the folder', async () => {
  await keep('.', 'a.crt');
  for (const host of ['.', '..', './', '../x']) expect(await find(host)).toBeUndefined();
});
