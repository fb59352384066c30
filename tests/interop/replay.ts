/**
 * Layers unpacked one over the other by programs that know nothing of layers: what a layer takes away is taken away here,
 * then its archive is unpacked without the entries that say so.
 */
import {
  lstatSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmdirSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { AT_FDCWD, perform, syscall, words } from '../../packages/syscalls/src/index.ts';
import type { Peers } from './peers.ts';

export type Unpack = (peers: Peers, archive: string, root: string) => void;

const keep = ['--xattrs', '--xattrs-include=*', '--numeric-owner', '--same-owner', '--preserve-permissions'];

/** Without the last option tar sets the time of a directory when it comes to the next, and then writes into it once more. */
export const byTar: Unpack = (peers, archive, root) => {
  peers.run(['tar', ...keep, '--delay-directory-restore', '-C', root, '-xf', archive]);
};

/** It refuses to go through links unless told that the archive is to be trusted; of names that are no UTF-8 it warns. */
export const byBsdtar: Unpack = (peers, archive, root) => {
  const command = ['bsdtar', '-C', root, '-x', '-p', '-P', '--xattrs', '--acls', '--numeric-owner', '-f', archive];
  peers.run(['sh', '-c', '"$@" || [ $? = 1 ]', 'sh', ...command]);
};

/** How many layers it was: up to one that goes through a link which only in a container leads to the inside. */
export function replay(peers: Peers, unpack: Unpack, archives: readonly string[], root: string): number {
  for (const [at, archive] of archives.entries()) {
    const { rest, hidden, names } = taken(uncompressed(readFileSync(archive)));
    if ([...names.keys()].some((path) => leadsOut(root, path))) return at;
    const times = new Map(directoriesOf(root).map((path) => [path, lstatSync(bytes(path), { bigint: true }).mtimeNs]));
    for (const path of hidden) hide(root, path);
    for (const [path, type] of names) if (type !== '5') removeDirectory(join(root, path));
    const plain = `${root}-${at}.tar`;
    writeFileSync(plain, rest);
    unpack(peers, plain, root);
    // They do not know that a directory that is not named keeps its time.
    for (const [path, time] of times) if (!names.has(path.slice(root.length + 1))) restore(path, time);
  }
  return archives.length;
}

function uncompressed(blob: Buffer): Buffer {
  if (blob[0] === 0x1f) return gunzipSync(blob);
  return blob.readUInt32LE(0) === 0xfd2fb528 ? zstdDecompressSync(blob) : blob;
}

interface Taken {
  /** The archive without its whiteouts. */
  readonly rest: Buffer;
  readonly hidden: readonly string[];
  /** The other entries and their types; paths in latin1, as everywhere here. */
  readonly names: ReadonlyMap<string, string>;
}

/** Header by header, with just as much of the format as the tools that made these images use. */
function taken(archive: Buffer): Taken {
  const rest: Buffer[] = [];
  const hidden: string[] = [];
  const names = new Map<string, string>();
  let announced: { name?: string; size?: number; parts: Buffer[] } = { parts: [] };
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0; ) {
    const header = archive.subarray(at, at + 512);
    const type = String.fromCharCode(header[156] || 0x30);
    const meta = 'xgLK'.includes(type);
    const size = (meta ? undefined : announced.size) ?? Number.parseInt(text(header, 124, 12), 8);
    const content = '0xgLK7'.includes(type) ? Math.ceil(size / 512) * 512 : 0;
    const part = archive.subarray(at, at + 512 + content);
    const body = part.subarray(512, 512 + size);
    at += part.length;
    if (meta) {
      const own = type === 'L' ? { name: text(body, 0, body.length) } : type === 'x' ? records(body) : {};
      announced = { ...announced, ...own, parts: [...announced.parts, part] };
      continue;
    }
    const prefix = text(header, 257, 6) === 'ustar' ? text(header, 345, 155) : '';
    const name = join('/', announced.name ?? join(prefix, text(header, 0, 100))).replace(/^\/|\/$/g, '');
    if (/(^|\/)\.wh\./.test(name)) hidden.push(name);
    else {
      names.set(name, type);
      rest.push(...announced.parts, part);
    }
    announced = { parts: [] };
  }
  return { rest: Buffer.concat([...rest, Buffer.alloc(1024)]), hidden, names };
}

function records(body: Buffer): { name?: string; size?: number } {
  const found: { name?: string; size?: number } = {};
  for (let at = 0; at < body.length; ) {
    const blank = body.indexOf(0x20, at);
    const end = at + Number(body.toString('latin1', at, blank));
    const equals = body.indexOf(0x3d, blank);
    const [key, value] = [body.toString('latin1', blank + 1, equals), body.toString('latin1', equals + 1, end - 1)];
    if (key === 'path') found.name = value;
    if (key === 'size') found.size = Number(value);
    at = end;
  }
  return found;
}

function text(field: Buffer, from: number, length: number): string {
  return field.toString('latin1', from, from + length).replace(/\0.*$/s, '');
}

/** Not through links, which have taken the place of what they hide. */
function hide(root: string, whiteout: string): void {
  const [parent, name] = [dirname(whiteout), whiteout.slice(whiteout.lastIndexOf('/') + 1)];
  for (let path = parent; path !== '.'; path = dirname(path)) if (!isDirectory(join(root, path))) return;
  const inside = join(root, parent);
  if (name === '.wh..wh..opq') for (const child of list(inside)) remove(join(inside, child));
  else if (!name.startsWith('.wh..wh.')) remove(join(inside, name.slice(4)));
}

/** By its nearest directory that is there. */
function leadsOut(root: string, path: string): boolean {
  let parent = join(root, dirname(path));
  while (statsOf(parent) === undefined) parent = dirname(parent);
  try {
    return !`${realpathSync(bytes(parent), { encoding: 'latin1' })}/`.startsWith(`${root}/`);
  } catch {
    return true;
  }
}

function removeDirectory(path: string): void {
  if (isDirectory(path)) remove(path);
}

function isDirectory(path: string): boolean {
  return statsOf(path)?.isDirectory() ?? false;
}

function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(bytes(path));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

function directoriesOf(root: string): string[] {
  const inner = list(root).map((name) => join(root, name));
  return [root, ...inner.filter(isDirectory).flatMap(directoriesOf)];
}

function list(directory: string): string[] {
  return readdirSync(bytes(directory), { encoding: 'buffer' }).map((name) => name.toString('latin1'));
}

/** With all that is in it. */
function remove(path: string): void {
  if (isDirectory(path)) for (const name of list(path)) remove(join(path, name));
  if (isDirectory(path)) rmdirSync(bytes(path));
  else rmSync(bytes(path), { force: true });
}

function bytes(path: string): Buffer {
  return Buffer.from(path, 'latin1');
}

function restore(path: string, time: bigint): void {
  if (!isDirectory(path)) return;
  const second = 1_000_000_000n;
  const nanoseconds = ((time % second) + second) % second;
  const pair = [Number((time - nanoseconds) / second), Number(nanoseconds)] as const;
  perform([syscall('utimensat', AT_FDCWD, Buffer.from(`${path}\0`, 'latin1'), words(...pair, ...pair), 0)]);
}
