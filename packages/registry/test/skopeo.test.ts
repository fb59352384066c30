import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { digestOf } from '@estiba/image-spec';
import { expect, test } from 'vitest';
import { Registry } from '../src/registry.ts';
import { makeParts, scratchLayout, store } from './client.ts';

// Another implementation of the specification. https://github.com/containers/skopeo
const missing = spawnSync('skopeo', ['--version']).status !== 0;
const run = promisify(execFile);

function copy(...args: string[]): Promise<unknown> {
  return run('skopeo', ['--insecure-policy', 'copy', '--quiet', '--preserve-digests', ...args], { timeout: 15_000 });
}

test.skipIf(missing).each(['memory', 'a layout'])('skopeo pushes into %s and pulls from it', async (where) => {
  await using from = await scratchLayout();
  await using into = await scratchLayout();
  await using storage = await scratchLayout();
  await using registry = await Registry.start(where === 'memory' ? {} : { storage });
  const parts = makeParts();
  await from.tag('app', await store(from, parts));

  await copy('--dest-tls-verify=false', `oci:${from.directory}:app`, `docker://${registry.host}/demo/app:1`);
  await copy('--src-tls-verify=false', `docker://${registry.host}/demo/app:1`, `oci:${into.directory}:back`);

  expect((await into.image('back')).descriptor.digest).toBe(digestOf(parts.manifest));
  for (const blob of parts.blobs) expect(await into.has(digestOf(blob))).toBe(true);
});

test.skipIf(missing)('skopeo fetches a token before it pulls', async () => {
  await using from = await scratchLayout();
  await using into = await scratchLayout();
  await using registry = await Registry.start({ access: { username: 'ann', password: 'secret' } });
  const name = await registry.add('demo/app:1', from, await store(from, makeParts()));
  await copy('--src-tls-verify=false', '--src-creds', 'ann:secret', `docker://${name}`, `oci:${into.directory}:back`);
  expect(registry.requests.some(({ path }) => path.startsWith('/token'))).toBe(true);
  await expect(
    copy('--src-tls-verify=false', '--src-creds', 'ann:wrong', `docker://${name}`, `oci:${into.directory}:no`),
  ).rejects.toThrow();
});

test.skipIf(missing).each(['basic', 'bearer'] as const)(
  'skopeo logs in to push where strangers may pull (%s), and pulls without a name',
  async (scheme) => {
    await using from = await scratchLayout();
    await using into = await scratchLayout();
    const access = { username: 'ann', password: 'secret', anonymousPull: true, scheme };
    await using registry = await Registry.start({ access });
    await from.tag('app', await store(from, makeParts()));
    const name = `docker://${registry.host}/demo/app:1`;
    const push = ['--dest-tls-verify=false', `oci:${from.directory}:app`, name];
    await copy('--dest-creds', 'ann:secret', ...push);
    await expect(copy('--dest-creds', 'ann:wrong', ...push)).rejects.toThrow();
    await expect(copy('--dest-no-creds', ...push)).rejects.toThrow();
    await copy('--src-tls-verify=false', '--src-no-creds', name, `oci:${into.directory}:back`);
    expect((await into.image('back')).descriptor.digest).toBe((await from.image('app')).descriptor.digest);
  },
);
