import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { requires, type Scratch, scratch } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { describe, digestOf, ImageLayout, mediaTypes } from '../../src/index.ts';
import { ingestDirectory, leaseDirectory } from '../../src/layout/places.ts';
import { otherProcess } from './other-process.ts';

/** How many moments are tried, of a few hundred; all of them when it is 0. */
const kills = Number(process.env.ESTIBA_KILLS ?? 5);

/** What changes a layout. */
const calls = 'rename,link,unlink,mkdir,openat,write,pwrite64,pwritev,fdatasync,ftruncate,utimensat,close';

const content = randomBytes(1_500_000);
const layer = describe(content, mediaTypes.layer);

/** Every change that a layout can see. */
const work = `
  const bytes = (await import('node:fs')).readFileSync(process.argv[1] + '.content');
  const layer = ${JSON.stringify(layer)};
  const json = (document, mediaType, lease) => layout.write(Buffer.from(JSON.stringify(document)), { mediaType, lease });
  const image = async (name) => {
    await using lease = await layout.lease();
    const rootfs = { type: 'layers', diff_ids: [layer.digest] };
    const config = await json({ os: 'linux', architecture: 'amd64', author: name, rootfs }, spec.mediaTypes.config, lease);
    const given = await layout.ingest(layer, { lease });
    await given?.write(bytes.subarray(given.size, 700_000));
    await given?.abort(new Error('given up'));
    const writer = await layout.ingest(layer, { lease });
    for (let at = writer?.size; at < bytes.length; at += 100_000) await writer.write(bytes.subarray(at, at + 100_000));
    await writer?.commit();
    const manifest = { schemaVersion: 2, mediaType: spec.mediaTypes.manifest, config, layers: [layer] };
    await layout.tag(name, await json(manifest, spec.mediaTypes.manifest, lease));
  };
  await image('one');
  await image('two');
  await layout.untag('one');
  await layout.prune();
  await image('three');`;

requires({ on: ['host'], command: 'strace' })('a layout', () => {
  it('is whole after a process was killed at any call that changes it', { timeout: 3_600_000 }, async () => {
    const moments = await momentsOf();
    expect(moments.length).toBeGreaterThan(60);
    let [killed, tried] = [0, 0];
    const step = kills === 0 ? 1 : moments.length / kills;
    for (let at = kills === 0 ? 0 : Math.random() * step; at < moments.length; at += step) {
      killed += (await killedAt(moments[Math.floor(at)] as Moment)) ? 1 : 0;
      tried += 1;
    }
    // Threads share their work differently each time: a count near the end may not be reached.
    expect(killed).toBeGreaterThanOrEqual(Math.floor(tried * 0.6));
  });
});

/** Which of the calls of that name by one thread: that is how strace counts. */
interface Moment {
  readonly call: string;
  readonly count: number;
}

/** Without `--seccomp-bpf`, under which nobody is killed. */
const tracing = ['strace', '-f', '-qq'];

/** Of a process that nobody kills, once it has come to the layout. */
async function momentsOf(): Promise<Moment[]> {
  using folder = prepared();
  const child = otherProcess(folder.join('layout'), work, {
    wrapper: [...tracing, '-o', folder.join('log'), '-e', `trace=${calls}`],
    fsync: true,
  });
  expect(await child.closed).toBe(0);
  await expectWhole(folder, 'not killed');
  const counts = new Map<string, number>();
  const moments = new Map<string, Moment>();
  let opened = false;
  for (const line of readFileSync(folder.join('log'), 'utf8').split('\n')) {
    const [, thread, call] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
    if (call === undefined) continue;
    const count = (counts.get(`${thread} ${call}`) ?? 0) + 1;
    counts.set(`${thread} ${call}`, count);
    // Before that it is Node that starts.
    opened ||= line.includes(folder.join('layout'));
    if (opened) moments.set(`${call} ${count}`, { call, count });
  }
  return [...moments.values()];
}

async function killedAt({ call, count }: Moment): Promise<boolean> {
  using folder = prepared();
  const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:signal=KILL:when=${count}`];
  const wrapper = [...tracing, '-o', folder.join('log'), ...inject];
  // strace ends as what it traces does.
  const killed = (await otherProcess(folder.join('layout'), work, { wrapper, fsync: true }).closed) !== 0;
  await expectWhole(folder, `killed at ${call} ${count}`);
  return killed;
}

function prepared(): Scratch {
  const folder = scratch('layout');
  writeFileSync(folder.join('layout.content'), content);
  return folder;
}

/** It opens, what is in it is right, images with a name are complete, and what was begun is finished. */
async function expectWhole(folder: Scratch, when: string): Promise<void> {
  const layout = await ImageLayout.open(folder.join('layout'), { fsync: false });
  expect(await layout.fsck(), when).toEqual([]);
  for await (const { name } of layout.images()) {
    for await (const { descriptor } of (await layout.image(name)).layers()) {
      expect(await layout.has(descriptor), `${name}, ${when}`).toBe(true);
    }
  }
  await using writer = await layout.ingest(layer, { signal: AbortSignal.timeout(10_000) });
  await writer?.write(content.subarray(writer.size));
  await writer?.commit();
  expect(digestOf(readFileSync(layout.path(layer.digest))), when).toBe(layer.digest);
  const left = [ingestDirectory(layout.directory), leaseDirectory(layout.directory)].flatMap((path) =>
    readdirSync(path),
  );
  expect(left, when).toEqual([]);
}
