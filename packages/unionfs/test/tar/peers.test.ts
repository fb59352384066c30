/** Archives that other programs make of a tree say of it what the file system says. */
import { spawnSync } from 'node:child_process';
import { requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { collect } from './collect.ts';
import { inArchive, type Kinds, onDisk, treeOfKinds } from './many-kinds.ts';

interface Writer extends Kinds {
  readonly options: readonly string[];
  /** What of a time the format has room for. */
  readonly times: 'seconds' | 'nanoseconds';
  /** How many files come as parts and holes. */
  readonly holes?: number;
}

const everything = { names: true, sparse: true, fifo: true, early: true };
const pax = { ...everything, xattrs: true, times: 'nanoseconds', holes: 6 } as const;

const gnuTar: Record<string, Writer> = {
  v7: { options: ['--format=v7'], times: 'seconds' },
  ustar: { options: ['--format=ustar'], fifo: true, times: 'seconds' },
  'gnu, sparse': { options: ['--format=gnu', '--sparse'], ...everything, times: 'seconds', holes: 6 },
  oldgnu: { options: ['--format=oldgnu'], names: true, fifo: true, early: true, times: 'seconds' },
  'oldgnu, sparse': { options: ['--format=oldgnu', '--sparse'], ...everything, times: 'seconds', holes: 6 },
  'pax, sparse 0.0': { options: ['--format=pax', '--sparse-version=0.0', '--xattrs'], ...pax },
  'pax, sparse 0.1': { options: ['--format=pax', '--sparse-version=0.1', '--xattrs'], ...pax },
  'pax, sparse 1.0': { options: ['--format=pax', '--sparse-version=1.0', '--xattrs'], ...pax },
  'pax, sparse by reading': {
    options: ['--format=pax', '--sparse', '--hole-detection=raw', '--xattrs'],
    ...pax,
    sparse: false,
    holes: 0,
  },
  'pax with a label, as of a backup': {
    options: ['--format=pax', '--label=tape', '--incremental', '--xattrs'],
    ...pax,
    sparse: false,
    holes: 0,
  },
  'gnu with a label, as of a backup': {
    options: ['--format=gnu', '--label=tape', '--incremental'],
    ...everything,
    times: 'seconds',
    sparse: false,
  },
};

requires({ command: 'tar' })('an archive of GNU tar reads as the tree it is of:', () => {
  it.each(Object.entries(gnuTar))('%s', (_, writer) => {
    compare(writer, (folder) => ['tar', ...writer.options, '-C', folder, '-cf', '-', '.']);
  });
});

const bsdtar: Record<string, Writer> = {
  // What is before 1970 and not a whole second it gets wrong: -1.25 is -0.75 to it.
  pax: { options: ['--format=pax'], ...pax, early: false },
  // Nanoseconds only where there is an extended header anyway.
  'restricted pax': { options: [], ...pax, early: false, times: 'seconds' },
  ustar: { options: ['--format=ustar'], fifo: true, times: 'seconds' },
  // Times before 1970 are the beginning of 1970 to it.
  gnutar: { options: ['--format=gnutar'], names: true, fifo: true, times: 'seconds' },
  v7: { options: ['--format=v7'], times: 'seconds' },
};

requires({ command: 'bsdtar' })('an archive of bsdtar reads as the tree it is of:', () => {
  it.each(Object.entries(bsdtar))('%s', (_, writer) => {
    compare(writer, (folder) => ['bsdtar', ...writer.options, '-C', folder, '-cf', '-', '.']);
  });
});

function compare(writer: Writer, command: (folder: string) => readonly string[]): void {
  using folder = treeOfKinds(writer);
  const [program, ...options] = command(folder.path) as [string, ...string[]];
  const { stdout, stderr } = spawnSync(program, options, {
    maxBuffer: 64 * 1024 * 1024,
    timeout: 15_000,
    // Names are bytes to it then.
    env: { ...process.env, LC_ALL: 'C' },
  });
  // bsdtar says so, and then that it is bytes.
  expect(stderr.toString('latin1').replace(/.*Can't translate pathname .* to UTF-8\n?/g, '')).toBe('');
  expect(stdout.length).toBeGreaterThan(0);
  const entries = collect(stdout, 64 * 1024);
  const exact = writer.times === 'nanoseconds' ? (lines: string[]) => lines : (lines: string[]) => lines.map(inSeconds);
  expect(exact(inArchive(entries))).toEqual(exact(onDisk(folder.path)));
  expect(entries.filter(({ extents }) => extents !== undefined)).toHaveLength(writer.holes ?? 0);
  for (const { position, content } of entries) {
    expect(stdout.subarray(position, position + content.length).equals(content)).toBe(true);
  }
}

/** Time is the sixth of the facts. */
function inSeconds(line: string): string {
  const facts = line.split(' | ');
  const time = BigInt(facts[5] as string);
  const rest = ((time % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  facts[5] = String(time - rest);
  return facts.join(' | ');
}
