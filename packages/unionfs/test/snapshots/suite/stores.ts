/** Stores for tests, and what tests do with them. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { type Program, perform, umount } from '@estiba/syscalls';
import type { Scratch } from '@estiba/testkit';
import { archive, layer } from '@estiba/testkit/archive';
import { overlay } from '../../../src/index.ts';
import type { Snapshot } from '../../../src/snapshots/snapshot.ts';
import { SnapshotStore } from '../../../src/snapshots/snapshot-store.ts';
import { scratchOfLayers } from '../../scratch-of-layers.ts';

export type Backend = 'directory' | 'erofs';

export const base = () =>
  layer({ name: 'etc/', type: '5' }, { name: 'etc/a', content: 'a' }, { name: 'etc/b', content: 'b' });
export const change = () => layer({ name: 'etc/.wh.a' }, { name: 'etc/b', content: 'changed' });

/** A temporary folder; what is mounted in it at the end is unmounted: a store mounts layers while snapshots stand on them. */
export function scratchOfStore(): Scratch {
  const folder = scratchOfLayers('store');
  const remove = () => {
    for (const target of mountedBelow(folder.path)) perform([umount(target, ['nofollow', 'detach'])]);
    folder[Symbol.dispose]();
  };
  return { ...folder, [Symbol.dispose]: remove, [Symbol.asyncDispose]: async () => remove() };
}

/** The targets, those mounted last first. */
export function mountedBelow(directory: string): string[] {
  const targets = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '');
  return targets.filter((target) => target.startsWith(`${directory}/`)).toReversed();
}

/** What is in the folders of a store where nothing is to stay. */
export function unfinished(directory: string): string[] {
  return ['tmp', 'locks'].flatMap((name) => readdirSync(`${directory}/${name}`).map((file) => `${name}/${file}`));
}

/** A layer that says when it is read, and is complete when it is told. */
export function slowLayer(): { layer: Readable; reading: Promise<void>; finish: () => void } {
  let started = () => {};
  const reading = new Promise<void>((resolve) => {
    started = resolve;
  });
  const stream = new Readable({ read: () => started() });
  const finish = () => {
    stream.push(archive({ name: 'x' }));
    stream.push(null);
  };
  return { layer: stream, reading, finish };
}

/** Mounts a snapshot where only the program sees it. */
export function mountedOn(target: string, { overlay: options }: Snapshot): Program {
  return overlay({ ...options, target });
}

export interface Other {
  /** The next line that it prints. */
  said(): Promise<string>;
  tell(line: string): void;
  kill(): Promise<void>;
  closed: Promise<number | null>;
}

export interface OtherOptions {
  /** A program before Node, and its arguments. */
  readonly wrapper?: readonly string[];
  readonly durable?: boolean;
}

/** What another process had made when it said that it is `mounted` stays: it is killed then. */
export async function leaveBehind(directory: string, backend: Backend, script: string): Promise<void> {
  const other = otherProcess(directory, backend, script);
  try {
    const said = await other.said();
    if (said !== 'mounted') throw new Error(`it said ${said}`);
  } finally {
    await other.kill();
  }
}

/** Runs a script in another process, which has `store`, `layer`, `slowLayer`. */
export function otherProcess(directory: string, backend: Backend, script: string, options: OtherOptions = {}): Other {
  const { wrapper = [], durable = false } = options;
  const module = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
  const source = `
    const { SnapshotStore } = await import(${module('../../../src/snapshots/snapshot-store.ts')});
    const { layer, archive } = await import(${JSON.stringify(import.meta.resolve('@estiba/testkit/archive'))});
    const { slowLayer, unfinished } = await import(${module('./stores.ts')});
    const store = await SnapshotStore.open(process.argv[1], { backend: ${JSON.stringify(backend)}, durable: ${durable} });
    const told = () => new Promise((resolve) => process.stdin.once('data', resolve));
    ${script}
    process.stdin.destroy();`;
  const node = [process.execPath, '--conditions=estiba-source', '--input-type=module', '-e', source, directory];
  const [command = '', ...args] = [...wrapper, ...node];
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
  });
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  const lines: string[] = [];
  let rest = '';
  let wake = () => {};
  child.stdout.on('data', (data) => {
    const parts = (rest + data).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
    wake();
  });
  const said = async () => {
    while (lines.length === 0) {
      const more = new Promise<void>((resolve) => {
        wake = resolve;
      });
      if ((await Promise.race([more, closed])) !== undefined && lines.length === 0) throw new Error('it ended');
    }
    return lines.shift() as string;
  };
  return {
    said,
    closed,
    tell: (line) => child.stdin.write(`${line}\n`),
    kill: async () => {
      child.kill('SIGKILL');
      await closed;
    },
  };
}

/** Most tests have no use for waiting for the disk. */
export function openStore(directory: string, backend: Backend, durable = false): Promise<SnapshotStore> {
  return SnapshotStore.open(directory, { backend, durable });
}
