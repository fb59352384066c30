import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { guard, requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { type Backend, mountedBelow, openStore, otherProcess, scratchOfStore, unfinished } from './suite/stores.ts';

guard();

const isMounted = (path: string) => mountedBelow(dirname(path)).includes(path);

/** How many moments are tried, of a few hundred; all of them when it is 0. */
const kills = Number(process.env.ESTIBA_KILLS ?? 5);

/** What changes a store. */
const calls =
  'rename,mkdir,rmdir,unlink,fsync,fdatasync,chmod,utimensat,openat,write,pwritev,flock,ftruncate,pwrite64,mkdirat,mknodat,fsetxattr,fsopen,fsmount,move_mount,umount2,renameat,unlinkat,fchmod';

/** Every change that a store can make. */
const work = `
  const files = (from) => Array.from({ length: 20 }, (_, at) => ({ name: 'd' + from + '/f' + at, content: 'x'.repeat(at * 100) }));
  await store.commit('sha256:one', layer(...files(0)));
  await store.commit('sha256:two', layer(...files(1), { name: 'd0/.wh.f3' }), { parent: 'sha256:one' });
  const [snapshot, view] = [await store.prepare('s', { parent: 'sha256:two' }), await store.view('v', { parent: 'sha256:one' })];
  const mounted = [await snapshot.mount(process.argv[1] + '-s'), await view.mount(process.argv[1] + '-v')];
  for (const mount of mounted) await mount.unmount();
  await snapshot.remove();
  await store.remove('sha256:two');
  await store.commit('sha256:three', layer(...files(1)), { parent: 'sha256:one' });
  await view.remove();
  await store.prune({ keep: ['sha256:one'] });
  await store.commit('sha256:four', layer(...files(1)), { parent: 'sha256:one' });
  await store.prepare('last', { parent: 'sha256:four' });`;

const contents: Record<string, number[]> = {
  'sha256:one': [20],
  'sha256:two': [19, 20],
  'sha256:three': [20, 20],
  'sha256:four': [20, 20],
};

requires({ on: ['host'], root: true, overlay: true, command: 'strace' })('a store of directories', () => {
  survives('directory');
});

requires({ on: ['host'], root: true, overlay: true, command: 'strace', kernel: '6.12' })('a store of images', () => {
  survives('erofs');
});

function survives(backend: Backend): void {
  it('is whole after a process was killed at any call that changes it', { timeout: 3_600_000 }, async () => {
    let [killed, tried] = [0, 0];
    const moments = await momentsOf(backend);
    expect(moments.length).toBeGreaterThan(100);
    const step = kills === 0 ? 1 : moments.length / kills;
    for (let at = kills === 0 ? 0 : Math.random() * step; at < moments.length; at += step) {
      killed += (await killedAt(backend, moments[Math.floor(at)] as Moment)) ? 1 : 0;
      tried += 1;
    }
    // Threads share their work differently each time: a count near the end may not be reached.
    expect(killed).toBeGreaterThanOrEqual(Math.floor(tried * 0.6));
  });
}

/** Which of the calls of that name by one thread: that is how strace counts. */
interface Moment {
  readonly call: string;
  readonly count: number;
}

/** Of a process that nobody kills, once it has opened the store. */
async function momentsOf(backend: Backend): Promise<Moment[]> {
  using folder = scratchOfStore();
  const log = folder.join('log');
  const wrapper = [...tracing, '-o', log, '-e', `trace=${calls}`];
  const child = otherProcess(folder.join('store'), backend, work, { wrapper, durable: true });
  expect(await child.closed).toBe(0);
  await expectWhole(folder.join('store'), backend, 'not killed');
  const counts = new Map<string, number>();
  const moments = new Map<string, Moment>();
  let opened = false;
  for (const line of readFileSync(log, 'utf8').split('\n')) {
    const [, thread, call] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
    if (call === undefined) continue;
    const count = (counts.get(`${thread} ${call}`) ?? 0) + 1;
    counts.set(`${thread} ${call}`, count);
    // Before that it is Node that starts.
    opened ||= line.includes(`${folder.path}/store`);
    if (opened) moments.set(`${call} ${count}`, { call, count });
  }
  return [...moments.values()];
}

/** Without `--seccomp-bpf`, under which nobody is killed. */
const tracing = ['strace', '-f', '-qq'];

async function killedAt(backend: Backend, { call, count }: Moment): Promise<boolean> {
  using folder = scratchOfStore();
  const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:signal=KILL:when=${count}`];
  const wrapper = [...tracing, '-o', folder.join('log'), ...inject];
  const child = otherProcess(folder.join('store'), backend, work, { wrapper, durable: true });
  // strace ends as what it traces does.
  const killed = (await child.closed) !== 0;
  await expectWhole(folder.join('store'), backend, `killed at ${call} ${count}`);
  return killed;
}

/** All that is in it is complete, it is of use, and it can be emptied. */
async function expectWhole(directory: string, backend: Backend, when: string): Promise<void> {
  const store = await openStore(directory, backend);
  const { mounted } = await store.prune({ keep: Object.keys(contents), unmount: true });
  const left = ['s', 'v'].flatMap((name) => (isMounted(`${directory}-${name}`) ? [name] : []));
  expect([mounted, left], when).toEqual([[], []]);
  expect(unfinished(directory), when).toEqual([]);
  const target = `${directory}-merged`;
  mkdirSync(target, { recursive: true });
  for (const { chainId } of await store.layers()) {
    await using view = await store.view('look', { parent: chainId });
    await using merged = await view.mount(target);
    const counts = readdirSync(merged.path).map((name) => readdirSync(`${merged.path}/${name}`).length);
    expect(counts, `${chainId}, ${when}`).toEqual(contents[chainId]);
  }
  for (const name of await store.snapshots()) {
    const snapshot = await store.snapshot(name);
    expect(existsSync(snapshot.overlay.lower[0] as string), when).toBe(true);
    await snapshot.remove();
  }
  expect(mountedBelow(directory), when).toEqual([]);
  await store.prune({ keep: [] });
  expect([...readdirSync(`${directory}/layers`), ...unfinished(directory)], when).toEqual([]);
}
