/**
 * An entry of a layer. https://man7.org/linux/man-pages/man5/tar.5.html
 *
 *       0 name         100 mode        108 uid         116 gid         124 size        136 mtime
 *     148 checksum     156 type        157 link name   257 magic       329 major       337 minor
 *     345 prefix (ustar), 482 whether more of the map follows and 483 real size (GNU, sparse)
 *
 * `tar` decodes the header, but for a few things: names are taken as bytes, since they need not be UTF-8; so are the records
 * of extended headers, in which values may hold newlines; sizes, since it drops those where only the short form of a name
 * looks like that of a directory (Go writes such); and devices, since it finds none in GNU's own format.
 */
import type { Header } from 'tar/header';
import { ImageSpecError } from '../error.ts';
import { xattrsOf } from './extended-header.ts';
import { type FileFacts, type FileType, shownName, shownPath } from './file-facts.ts';

export interface TarEntry {
  /** Components in latin1: every byte is one character. */
  readonly path: readonly string[];
  readonly facts: FileFacts;
  /** Of a link, in latin1. */
  readonly target?: string;
  /** It is another name of what its target names. */
  readonly isHardLink: boolean;
}

/** What stands before an entry and is about it. */
export interface Announced {
  readonly records: ReadonlyMap<string, Buffer>;
  readonly name: Buffer | undefined;
  readonly link: Buffer | undefined;
}

/** Directories on the way to a file. Longer names would take their memory many times over in components. */
export const deepest = 500;

const types: Readonly<Record<string, FileType>> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'file',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  D: 'directory',
  '6': 'fifo',
};

/** Undefined for what is no file: the label of a volume and the like. */
export function tarEntry(block: Buffer, header: Header, announced: Announced): TarEntry | undefined {
  const { records, link } = announced;
  const flag = String.fromCharCode(block[156] as number);
  const said = types[flag];
  if (said === undefined) return undefined;
  const full = fullName(block, announced);
  const path = components(full.toString('latin1'));
  if (path.length > deepest) throw tooDeep(path);
  const type = said === 'file' && full.at(-1) === 0x2f && flag !== '1' ? 'directory' : said;
  const target = (records.get('linkpath') ?? link ?? field(block, 157, 100)).toString('latin1');
  const xattrs = xattrsOf(records);
  return {
    path,
    ...((flag === '1' || type === 'symlink') && { target }),
    isHardLink: flag === '1',
    facts: {
      type,
      // Linux keeps none for symbolic links. symlink(7)
      mode: type === 'symlink' ? 0o777 : (header.mode ?? 0) & 0o7777,
      uid: numberIn(records, 'uid') ?? header.uid ?? 0,
      gid: numberIn(records, 'gid') ?? header.gid ?? 0,
      mtime: timeOf(records.get('mtime')?.toString('latin1') ?? String(Math.round(Number(header.mtime ?? 0) / 1000))),
      ...(type === 'file' && { size: realSize(block, flag, records) ?? sizeOf(block, records) }),
      ...(type === 'symlink' && { link: shownName(target) }),
      ...((type === 'character' || type === 'block') && { device: `${number(block, 329)}:${number(block, 337)}` }),
      ...(xattrs && { xattrs }),
    },
  };
}

/**
 * How much follows the header. Links, devices and directories have nothing, whatever they say. A file by the name of a
 * directory is one; readers disagree on whether it has content, and what one shows must not be hidden from another.
 */
export function storedSize(block: Buffer, announced: Announced): number {
  const flag = String.fromCharCode(block[156] as number);
  if (/[123456]/.test(flag)) return 0;
  const size = sizeOf(block, announced.records);
  const named = 'DVMN'.includes(flag) ? undefined : fullName(block, announced).at(-1);
  if (named !== 0x2f || size === 0) return size;
  throw new ImageSpecError('LAYER_INVALID', 'cannot read the layer: a directory has content');
}

function sizeOf(block: Buffer, records: ReadonlyMap<string, Buffer>): number {
  const size = numberIn(records, 'size') ?? number(block, 124, 12);
  if (Number.isSafeInteger(size) && size >= 0) return size;
  throw new ImageSpecError('LAYER_INVALID', `cannot read the layer: an entry has a size of ${size}`);
}

function tooDeep(path: readonly string[]): ImageSpecError {
  const why = `it lies deeper than ${deepest} directories`;
  return new ImageSpecError('LAYER_INVALID', `cannot read the layer: ${JSON.stringify(shownPath(path))}: ${why}`);
}

export function components(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function realSize(block: Buffer, flag: string, records: ReadonlyMap<string, Buffer>): number | undefined {
  if (flag === 'S') return number(block, 483, 12);
  return numberIn(records, 'GNU.sparse.realsize') ?? numberIn(records, 'GNU.sparse.size');
}

function numberIn(records: ReadonlyMap<string, Buffer>, key: string): number | undefined {
  const text = records.get(key)?.toString('latin1');
  return text === undefined || text === '' ? undefined : Number(text);
}

function fullName(block: Buffer, { records, name }: Announced): Buffer {
  return records.get('GNU.sparse.name') ?? records.get('path') ?? name ?? nameIn(block);
}

function nameIn(block: Buffer): Buffer {
  const name = field(block, 0, 100);
  // GNU's own format has other things there.
  const prefix = block.toString('latin1', 257, 263) === 'ustar\0' ? field(block, 345, 155) : Buffer.alloc(0);
  return prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from('/'), name]);
}

function field(block: Buffer, at: number, length: number): Buffer {
  const bytes = block.subarray(at, at + length);
  const end = bytes.indexOf(0);
  // The block is part of a larger piece that must not be kept for a name.
  return Buffer.from(end === -1 ? bytes : bytes.subarray(0, end));
}

/** Octal, or as GNU writes what does not fit: big-endian behind a first bit of one. */
function number(block: Buffer, at: number, length = 8): number {
  if ((block[at] as number) & 0x80) return Number(`0x${block.toString('hex', at + 1, at + length)}`);
  return Number.parseInt(field(block, at, length).toString('latin1').trim() || '0', 8);
}

/** `1.5`, `-1.5`, `1` with nine digits behind the point. */
function timeOf(text: string): string {
  const [seconds = '0', fraction = ''] = text.split('.');
  return `${seconds}.${fraction.slice(0, 9).padEnd(9, '0')}`;
}
