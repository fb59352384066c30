/** A tree of every kind of file that an ordinary user can make, and what an archive says about one. */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { perform, syscall } from '@estiba/syscalls';
import { type Scratch, scratch } from '@estiba/testkit';
import { xattrs } from '../tree.ts';
import type { Collected } from './collect.ts';
import { whole } from './sparse-archive.ts';

export interface Kinds {
  /** Names that do not fit the header, are no UTF-8, or hold newlines. */
  readonly names?: boolean;
  readonly sparse?: boolean;
  readonly xattrs?: boolean;
  readonly fifo?: boolean;
  /** Times before 1970. */
  readonly early?: boolean;
}

export function treeOfKinds({ names, sparse, xattrs, fifo, early }: Kinds): Scratch {
  const folder = scratch('kinds');
  const path = (name: string) => Buffer.from(`${folder.path}/${name}`, 'latin1');
  mkdirSync(path('dir/sub'), { recursive: true, mode: 0o750 });
  writeFileSync(path('dir/empty'), '');
  writeFileSync(path('dir/file'), 'content', { mode: 0o640 });
  writeFileSync(path('dir/block'), Buffer.alloc(512, 'b'));
  writeFileSync(path('dir/sub/large'), Buffer.alloc(70_001, 'l'));
  linkSync(path('dir/file'), path('dir/other'));
  symlinkSync('dir/file', path('link'));
  symlinkSync('/absolute/../nowhere', path('away'));
  if (fifo) spawnSync('mkfifo', [folder.join('fifo')]);
  if (names) {
    writeFileSync(path('\xff\xfe not utf-8'), 'bytes');
    writeFileSync(path('new\nline'), 'line');
    writeFileSync(path('a name = with % all "of" \\it'), 'x');
    mkdirSync(path('d'.repeat(99)));
    writeFileSync(path(`${'d'.repeat(99)}/${'f'.repeat(120)}`), 'long');
    writeFileSync(path('n'.repeat(255)), 'longest');
    symlinkSync('t'.repeat(300), path('far'));
    linkSync(path('n'.repeat(255)), path('hard'));
  }
  if (sparse) makeSparse(path);
  if (xattrs) makeXattrs(path);
  utimesSync(path('dir/file'), 1_600_000_000.123456, 1_600_000_000.123456);
  utimesSync(path('dir/empty'), 0, 0);
  if (early) spawnSync('touch', ['--date=1960-02-03T04:05:06.789Z', folder.join('dir/block')]);
  return folder;
}

const kilobyte = Buffer.alloc(1024, 'k');

function makeSparse(path: (name: string) => Buffer): void {
  const make = (name: string, size: number, ...offsets: number[]) => {
    const fd = openSync(path(name), 'w');
    ftruncateSync(fd, size);
    for (const offset of offsets) writeSync(fd, kilobyte, 0, kilobyte.length, offset);
    closeSync(fd);
  };
  make('hole', 1_000_000);
  make('front', 1_000_000, 0);
  make('back', 1_000_000 + 1024, 1_000_000);
  make('odd', 300_001, 65_536, 131_072);
  make('many', 10_000_000, ...Array.from({ length: 60 }, (_, at) => at * 131_072 + 65_536));
  make('huge', 20 * 2 ** 30, 0, 10 * 2 ** 30);
  linkSync(path('odd'), path('odd too'));
}

function makeXattrs(path: (name: string) => Buffer): void {
  const set = (file: string, name: string, value: Buffer) => {
    const to = Buffer.concat([path(file), Buffer.alloc(1)]);
    perform([syscall('setxattr', to, name, value, value.length, 0)]);
  };
  set('dir/file', 'user.plain', Buffer.from('value'));
  set('dir/file', 'user.bytes', Buffer.from([0, 0x0a, 0xff, 0x3d, 0x0a]));
  set('dir/block', 'user.a=b%c', Buffer.from('encoded'));
  set('dir/block', 'user.empty', Buffer.alloc(0));
  set('dir', 'user.directory', Buffer.from('d'));
}

/** One line for each file, in the order of their names. */
export function onDisk(folder: string): string[] {
  const lines: string[] = [];
  const visit = (path: Buffer, name: string) => {
    const stats = lstatSync(path, { bigint: true });
    const type = stats.isDirectory() ? 'directory' : stats.isFile() ? 'file' : stats.isFIFO() ? 'fifo' : 'symlink';
    const link = stats.isSymbolicLink() ? readlinkSync(path, { encoding: 'latin1' }) : '';
    // What is known to be one is not read: 20 GiB take long.
    const content = stats.isFile() ? (stats.size > 2n ** 30n ? 'huge' : digest(readFileSync(path))) : '';
    const found = type === 'symlink' ? [] : xattrs(path).filter((each) => each.startsWith('user.'));
    const mode = (stats.mode & 0o7777n).toString(8);
    lines.push(
      line(
        name,
        type,
        mode,
        stats.uid,
        stats.gid,
        stats.mtimeNs,
        stats.isFile() ? stats.size : 0,
        link,
        content,
        found,
      ),
    );
    if (!stats.isDirectory()) return;
    for (const child of readdirSync(path, { encoding: 'latin1' }).sort()) {
      visit(Buffer.concat([path, Buffer.from(`/${child}`, 'latin1')]), `${name}/${child}`);
    }
  };
  visit(Buffer.from(folder), '.');
  return lines.sort();
}

/** The same of entries; hard links are what they are to. */
export function inArchive(entries: readonly Collected[]): string[] {
  const seen = new Map<string, Collected>();
  return entries
    .map((entry) => {
      const name = entry.name.toString('latin1').replace(/\/$/, '');
      const is = entry.type === 'hardlink' ? (seen.get(entry.link.toString('latin1')) as Collected) : entry;
      seen.set(name, is);
      const { seconds, nanoseconds } = is.mtime;
      const mtime = BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
      const content = is.type === 'file' ? (is.size > 2 ** 30 ? 'huge' : digest(whole(is))) : '';
      const found = [...is.xattrs]
        .filter(([key]) => key.startsWith('user.'))
        .map(([key, value]) => `${key}=${value.toString('hex')}`)
        .sort();
      const link = is.link.toString('latin1');
      return line(name, is.type, is.mode.toString(8), is.uid, is.gid, mtime, is.size, link, content, found);
    })
    .sort();
}

function line(...facts: unknown[]): string {
  return facts.map(String).join(' | ');
}

function digest(bytes: Buffer): string {
  let sum = 0;
  for (const byte of bytes) sum = (Math.imul(sum, 31) + byte) | 0;
  return `${bytes.length}:${sum}`;
}
