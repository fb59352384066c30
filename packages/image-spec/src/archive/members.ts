/**
 * The outer archive: the tar in which images travel. What is in the layers is not looked at.
 *
 *     | header 512 | content, padded to 512 |    header: name 100, size 12 octal at 124, checksum 8 at 148, type 1 at 156
 *     | x: PAX, L, K: GNU | long name | header | content |    what does not fit is told in front
 *     | 512 zeros | 512 zeros |                  the end
 *
 * https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
 */
import type { Header } from 'tar/header';
import { ImageSpecError } from '../error.ts';
import { type Bytes, truncated } from './bytes.ts';
import { linkTarget, memberName, shown } from './member-name.ts';

export interface ArchiveLimits {
  /** Members of any kind; 10,000 unless told. */
  readonly entries: number;
  /** Of the archive, uncompressed; 256 GiB unless told. */
  readonly bytes: number;
  /** Of a name; 4,096 unless told. */
  readonly nameBytes: number;
}

export const archiveLimits: ArchiveLimits = { entries: 10_000, bytes: 256 * 1024 ** 3, nameBytes: 4096 };

export interface FileMember {
  readonly type: 'file';
  readonly name: string;
  readonly size: number;
  /** Of its content, in the archive. */
  readonly offset: number;
  /** Once, before the next member is asked for. What is not read is passed over. */
  readonly content: () => AsyncGenerator<Buffer>;
}

export interface LinkMember {
  readonly type: 'link';
  readonly name: string;
  /** The name of another member. */
  readonly target: string;
}

/** Throws ARCHIVE_INVALID, ARCHIVE_TRUNCATED and ARCHIVE_TOO_LARGE. Folders are passed over. */
export async function* readMembers(
  bytes: Bytes,
  place: string,
  limits: ArchiveLimits,
): AsyncGenerator<FileMember | LinkMember> {
  const seen = new Set<string>();
  for await (const { header, name, link } of readHeaders(bytes, place, limits)) {
    const refuse = (why: string) => invalid(place, `member ${shown(name)}: ${why}`);
    const clean = memberName(name, refuse);
    const size = header.size ?? 0;
    const end = bytes.position + Math.ceil(size / blockBytes) * blockBytes;
    if (end > limits.bytes) throw tooLarge(place, `more than ${limits.bytes} bytes`);
    if (isFolder(header)) continue;
    if (clean === '') throw refuse('it has no name');
    // One reader would take the first, another the last.
    if (seen.has(clean)) throw refuse('it is there twice');
    seen.add(clean);
    if (header.type === 'Link') yield { type: 'link', name: clean, target: memberName(link, refuse) };
    else if (header.type === 'SymbolicLink')
      yield { type: 'link', name: clean, target: linkTarget(clean, link, refuse) };
    else if (isFile(header)) {
      const offset = bytes.position;
      let open: AsyncGenerator<Buffer> | undefined;
      yield { type: 'file', name: clean, size, offset, content: () => (open = bytes.chunks(size)) };
      if (open !== undefined) await open.return(undefined);
    } else throw refuse(`it is neither a file nor a folder nor a link, but of type ${header.type}`);
    await bytes.skip(end - bytes.position);
  }
}

const blockBytes = 512;

interface Headed {
  readonly header: Header;
  readonly name: string;
  readonly link: string;
}

async function* readHeaders(bytes: Bytes, place: string, limits: ArchiveLimits): AsyncGenerator<Headed> {
  const [{ Header }, { Pax }] = await Promise.all([import('tar/header'), import('tar/pax')]);
  let long: { name?: string; link?: string } = {};
  let pax: InstanceType<typeof Pax> | undefined;
  for (let entries = 0; ; entries++) {
    const block = await bytes.read(blockBytes);
    if (block.length === 0) return;
    if (block.length < blockBytes) throw truncated(place, bytes.position);
    const where = entries === 0 ? 'it is not a tar archive' : `byte ${bytes.position - blockBytes}: no header`;
    const refuse = () => invalid(place, where);
    const header = attempt(() => new Header(block, 0, pax), refuse);
    if (header.nullBlock) return;
    if (!header.cksumValid || header.size === undefined) throw refuse();
    if (entries >= limits.entries) throw tooLarge(place, `more than ${limits.entries} members`);
    const what = extension(header);
    if (what === undefined) {
      // Header would put the prefix of the block in front of a name that PAX tells whole.
      const name = long.name ?? pax?.path ?? header.path ?? '';
      const link = long.link ?? pax?.linkpath ?? header.linkpath ?? '';
      if (Math.max(name.length, link.length) > limits.nameBytes) throw longName(place, limits);
      yield { header, name, link };
      [long, pax] = [{}, undefined];
      continue;
    }
    // A record has a few names, numbers and times.
    if (header.size > 2 * limits.nameBytes + 4096) throw longName(place, limits);
    const text = (await whole(bytes, header.size, place)).toString();
    // `tar` takes 0x10 and 1.5, too, and passes over what is below 0: no two readers agree on where the next member begins.
    if (what === 'pax' && /^[0-9]+ size=(?![0-9]+$)/m.test(text)) throw refuse();
    if (what === 'pax') pax = attempt(() => Pax.parse(text), refuse);
    else if (what !== 'global') long = { ...long, [what]: text.replace(/\0.*$/s, '') };
  }
}

/** Numbers that are none make `tar` throw. */
function attempt<T>(read: () => T, refuse: () => Error): T {
  try {
    return read();
  } catch {
    throw refuse();
  }
}

function extension({ type }: Header): 'pax' | 'global' | 'name' | 'link' | undefined {
  switch (type) {
    case 'ExtendedHeader':
    case 'OldExtendedHeader':
      return 'pax';
    case 'GlobalExtendedHeader':
      return 'global';
    case 'NextFileHasLongPath':
    case 'OldGnuLongPath':
      return 'name';
    case 'NextFileHasLongLinkpath':
      return 'link';
    default:
      return undefined;
  }
}

async function whole(bytes: Bytes, size: number, place: string): Promise<Buffer> {
  const text = await bytes.read(size);
  if (text.length < size) throw truncated(place, bytes.position);
  await bytes.skip((blockBytes - (size % blockBytes)) % blockBytes);
  return text;
}

function isFile({ type }: Header): boolean {
  return type === 'File' || type === 'OldFile' || type === 'ContiguousFile';
}

function isFolder({ type }: Header): boolean {
  return type === 'Directory' || type === 'GNUDumpDir';
}

export function invalid(place: string, why: string): ImageSpecError {
  return new ImageSpecError('ARCHIVE_INVALID', `cannot read ${place}: ${why}`);
}

function tooLarge(place: string, why: string): ImageSpecError {
  return new ImageSpecError('ARCHIVE_TOO_LARGE', `cannot read ${place}: ${why}; raise its limits if you trust it`);
}

function longName(place: string, { nameBytes }: ArchiveLimits): ImageSpecError {
  return tooLarge(place, `a name of more than ${nameBytes} bytes`);
}
