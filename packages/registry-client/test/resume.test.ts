import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Descriptor, ImageLayout } from '@estiba/image-spec';
import { Registry } from '@estiba/registry';
import { expect, test } from 'vitest';
import { RegistryClient } from '../src/client.ts';
import { CountingProxy, type Delivery } from './counting-proxy.ts';
import { makeImage, scratchLayout } from './fixture.ts';

const MiB = 1024 * 1024;
const sizes = [2 * MiB, 9 * MiB, 7 * MiB];
const cuts = Number(process.env.ESTIBA_CUTS ?? 20);
// Each is a process of its own.
const kills = Number(process.env.ESTIBA_PULL_KILLS ?? 8);

/** Rising, none twice, all before the end. */
function randomPoints(count: number): number[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const points = new Set<number>();
  while (points.size < count) points.add(randomInt(1, total));
  return [...points].sort((a, b) => a - b);
}

async function setting() {
  const [from, into, registry] = await Promise.all([scratchLayout(), scratchLayout(), Registry.start()]);
  const descriptor = await makeImage(from, sizes);
  await registry.add('demo/app:1', from, descriptor);
  const proxy = await CountingProxy.start(registry.url);
  return {
    from,
    into,
    proxy,
    descriptor,
    name: `${proxy.host}/demo/app:1`,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await registry.close();
      await from[Symbol.asyncDispose]();
      await into[Symbol.asyncDispose]();
    },
  };
}

/** What each delivery brought that an earlier one of the same blob had brought already. */
function takenAgain(deliveries: readonly Delivery[]): { path: string; bytes: number }[] {
  const ends = new Map<string, number>();
  return deliveries.map(({ path, start, taken }) => {
    const end = ends.get(path) ?? 0;
    ends.set(path, Math.max(end, start + taken));
    return { path, bytes: Math.max(Math.min(end, start + taken) - start, 0) };
  });
}

async function expectIdentical(from: ImageLayout, into: ImageLayout, descriptor: Descriptor): Promise<void> {
  const { manifest } = await from.image(descriptor);
  for (const blob of [descriptor, manifest.config, ...manifest.layers])
    expect((await buffer(await into.blob(blob))).equals(await buffer(await from.blob(blob)))).toBe(true);
  expect(await readdir(join(into.directory, '.ingest'))).toEqual([]);
}

test(`a pull whose connections are cut at ${cuts} random points fetches nothing again, and ends identical`, async () => {
  await using given = await setting();
  const { proxy } = given;
  const points = randomPoints(cuts);
  proxy.mark = points.shift() ?? 0;
  const cut = () => {
    proxy.mark = points.shift() ?? Number.POSITIVE_INFINITY;
    proxy.reached = cut;
    proxy.cut();
  };
  proxy.reached = cut;
  using client = new RegistryClient({ retryDelay: 1, retries: cuts });
  await client.pull(given.name, { into: given.into });
  await expectIdentical(given.from, given.into, given.descriptor);
  for (const { bytes } of takenAgain(proxy.deliveries)) expect(bytes).toBeLessThanOrEqual(MiB);
});

// What a killed process has taken is read there.
test.skipIf(!existsSync('/proc/net/tcp'))(
  `a pull whose process is killed at ${kills} random points fetches no more than 1 MiB of a blob again, and ends identical`,
  { timeout: 30_000 + kills * 4000 },
  async () => {
    await using given = await setting();
    const { proxy, into } = given;
    const { layers } = (await given.from.image(given.descriptor)).manifest;
    /** How many deliveries there had been when a blob was found finished: all its bytes may be there, and not yet written. */
    const finished = new Map<string, number>();
    for (const point of [...randomPoints(kills), Number.POSITIVE_INFINITY]) {
      const child = spawn(
        process.execPath,
        [
          '--conditions=estiba-source',
          fileURLToPath(new URL('pulling-process.ts', import.meta.url)),
          into.directory,
          given.name,
        ],
        { stdio: ['ignore', 'ignore', 'inherit'] },
      );
      const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
        child.once('close', (code, signal) => resolve({ code, signal })),
      );
      proxy.mark = point;
      proxy.reached = () => {
        // A process that stands still takes nothing more, so it can be said what it has taken.
        child.kill('SIGSTOP');
        setTimeout(() => {
          proxy.settle();
          child.kill('SIGKILL');
        }, 5);
      };
      const killed = point !== Number.POSITIVE_INFINITY;
      expect(await exited).toEqual(killed ? { code: null, signal: 'SIGKILL' } : { code: 0, signal: null });
      for (const { digest } of layers) {
        if (!finished.has(digest) && (await into.has(digest))) finished.set(digest, proxy.deliveries.length);
      }
    }
    await expectIdentical(given.from, into, given.descriptor);
    const again = takenAgain(proxy.deliveries).map(({ bytes }) => bytes);
    expect(Math.max(...again)).toBeLessThanOrEqual(MiB);
    // What arrived in one process was gone on with in another.
    expect(proxy.deliveries.filter(({ start }) => start > 0).length).toBeGreaterThanOrEqual(
      Math.floor((kills * 3) / 8),
    );
    // A blob that is finished is not asked for again.
    expect([...finished.keys()].sort()).toEqual(layers.map(({ digest }) => digest).sort());
    for (const [digest, deliveries] of finished) {
      expect(proxy.deliveries.slice(deliveries).filter(({ path }) => path.includes(digest))).toEqual([]);
    }
  },
);
