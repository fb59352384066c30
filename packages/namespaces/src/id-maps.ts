/** Who is who in a user namespace. user_namespaces(7), section "User and group ID mappings" */
import { execFile } from 'node:child_process';
import { access, constants, readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { promisify } from 'node:util';
import { attempt, label, pause, perform, type Step, SyscallError, syscall, writeFile } from '@estiba/syscalls';
import { NamespaceError } from './namespace-error.ts';

/** `count` ids from `inside` on are, seen from the parent namespace, those from `outside` on. */
export interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

export interface IdMaps {
  readonly uid: readonly IdRange[];
  readonly gid: readonly IdRange[];
}

/**
 * Root inside is the calling user outside. Where /etc/subuid and /etc/subgid grant the user more ids and newuidmap(1)
 * is there to write them, these become 1, 2, 3, … inside; otherwise there is one id only.
 */
export async function rootlessIdMaps(options: { user?: string } = {}): Promise<IdMaps> {
  const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  const user = options.user ?? ownName();
  const [uids, gids, helpers] = await Promise.all([
    subordinate('/etc/subuid', user, uid),
    subordinate('/etc/subgid', user, uid),
    haveHelpers(),
  ]);
  const usable = helpers && uids !== undefined && gids !== undefined;
  return { uid: [selfRange(uid), ...(usable ? [uids] : [])], gid: [selfRange(gid), ...(usable ? [gids] : [])] };
}

/**
 * Steps that give the process its ids inside, to follow the creation of a user namespace: the maps are written, and it
 * becomes root, or the first of the maps where there is no root. A map of one's own id alone an ordinary user writes from
 * inside; for any other, and as root, the program pauses at `map-ids`, where the parent calls `writeIdMaps`.
 */
export function mapIds(maps: IdMaps): Step[] {
  validate(maps);
  const [uid, gid] = [firstId(maps.uid), firstId(maps.gid)];
  const name = uid === 0 && gid === 0 ? 'root' : `${uid}:${gid}`;
  // Whoever maps his own group from inside has to give up setgroups for it, and root need not keep its groups.
  const fromInside = isSelfMap(maps) && process.geteuid?.() !== 0;
  return [
    label('map ids', fromInside ? writeOwnMaps(maps) : [pause('map-ids')]),
    // Until then it is who it was outside, whom the maps may not even know: files of root would still be its own.
    label(`become ${name} of the user namespace`, [
      // Denied where an unprivileged user maps its own group. user_namespaces(7)
      attempt([syscall('setgroups', 0, undefined)], ['EPERM']),
      syscall('setresgid', gid, gid, gid),
      syscall('setresuid', uid, uid, uid),
    ]),
    // Only now: the maps of a process that is not dumpable cannot be written. PR_SET_DUMPABLE(2const)
    label('hide from other processes', syscall('prctl', 4, 0, 0, 0, 0)),
  ];
}

/**
 * Write the maps of a process that has just entered a new user namespace; each can be written once. As root directly,
 * as an ordinary user through newuidmap(1) and newgidmap(1), which know what /etc/subuid grants.
 */
export async function writeIdMaps(pid: number, maps: IdMaps): Promise<void> {
  validate(maps);
  if (process.geteuid?.() === 0 || isSelfMap(maps)) {
    const unprivileged = process.geteuid?.() !== 0;
    try {
      perform([
        unprivileged ? writeFile(`/proc/${pid}/setgroups`, 'deny') : [],
        writeFile(`/proc/${pid}/gid_map`, lines(maps.gid)),
        writeFile(`/proc/${pid}/uid_map`, lines(maps.uid)),
      ]);
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      throw new NamespaceError('ID_MAP_DENIED', `cannot write the id maps of process ${pid}: ${error.message}`, {
        kind: 'user',
        cause: error,
      });
    }
    return;
  }
  await runHelper('newuidmap', pid, maps.uid, '/etc/subuid');
  await runHelper('newgidmap', pid, maps.gid, '/etc/subgid');
}

/** Whether anybody may write these: one id, his own. */
function isSelfMap(maps: IdMaps): boolean {
  const [uid, gid] = [maps.uid[0], maps.gid[0]];
  return (
    maps.uid.length === 1 &&
    maps.gid.length === 1 &&
    uid?.count === 1 &&
    gid?.count === 1 &&
    uid.outside === process.geteuid?.() &&
    gid.outside === process.getegid?.()
  );
}

function firstId(ranges: readonly IdRange[]): number {
  return ranges.some(({ inside }) => inside === 0) ? 0 : (ranges[0]?.inside ?? 0);
}

function writeOwnMaps(maps: IdMaps): Step[] {
  return [
    ...writeFile('/proc/self/setgroups', 'deny'),
    ...writeFile('/proc/self/gid_map', lines(maps.gid)),
    ...writeFile('/proc/self/uid_map', lines(maps.uid)),
  ];
}

function lines(ranges: readonly IdRange[]): string {
  return ranges.map(({ inside, outside, count }) => `${inside} ${outside} ${count}\n`).join('');
}

/** A user need not have a name: the files take numbers too. */
function ownName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

function selfRange(id: number): IdRange {
  return { inside: 0, outside: id, count: 1 };
}

/** The first range that a file grants to the user, placed after root. subuid(5) */
async function subordinate(file: string, user: string | undefined, uid: number): Promise<IdRange | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  for (const line of text.split('\n')) {
    const [name, start, count] = line.split(':');
    if ((name === user || name === String(uid)) && Number(count) > 0)
      return { inside: 1, outside: Number(start), count: Number(count) };
  }
  return undefined;
}

async function haveHelpers(): Promise<boolean> {
  if (process.geteuid?.() === 0) return true;
  const tries = await Promise.allSettled(
    ['/usr/bin/newuidmap', '/usr/bin/newgidmap'].map((file) => access(file, constants.X_OK)),
  );
  return tries.every(({ status }) => status === 'fulfilled');
}

async function runHelper(helper: string, pid: number, ranges: readonly IdRange[], file: string): Promise<void> {
  const args = ranges.flatMap(({ inside, outside, count }) => [inside, outside, count].map(String));
  try {
    await promisify(execFile)(helper, [String(pid), ...args]);
  } catch (cause) {
    const { code, stderr } = cause as { code?: unknown; stderr?: string };
    const why =
      code === 'ENOENT'
        ? `${helper} is not installed (Debian: apt-get install uidmap)`
        : `${(stderr ?? '').trim()}; ${file} must grant these ids to the user`;
    throw new NamespaceError(
      'ID_MAP_DENIED',
      `cannot map ids ${lines(ranges).trim().replaceAll('\n', ', ')} for process ${pid}: ${why}`,
      { kind: 'user', cause },
    );
  }
}

function validate(maps: IdMaps): void {
  for (const [name, ranges] of Object.entries({ uid: maps.uid, gid: maps.gid })) {
    if (ranges.length === 0) throw invalid(`the ${name} map is empty: nobody would exist inside`);
    if (ranges.length > 340) throw invalid(`the ${name} map has ${ranges.length} ranges: the kernel takes 340`);
    const wrong = ranges.find((range) => !isRange(range));
    if (wrong !== undefined) throw invalid(`the ${name} map has a range that is none: ${JSON.stringify(wrong)}`);
    const given = firstTwice(ranges, 'inside');
    if (given !== undefined) throw invalid(`the ${name} map gives id ${given} twice`);
    const taken = firstTwice(ranges, 'outside');
    if (taken !== undefined) throw invalid(`the ${name} map takes id ${taken} from outside twice`);
  }
}

function invalid(message: string): NamespaceError {
  return new NamespaceError('ID_MAP_INVALID', message, { kind: 'user' });
}

/** The last id is nobody's: it stands for an error. */
function isRange({ inside, outside, count }: IdRange): boolean {
  const whole = [inside, outside, count].every((id) => Number.isInteger(id) && id >= 0);
  return whole && count > 0 && inside + count <= 0xffff_ffff && outside + count <= 0xffff_ffff;
}

function firstTwice(ranges: readonly IdRange[], side: 'inside' | 'outside'): number | undefined {
  const sorted = [...ranges].sort((a, b) => a[side] - b[side]);
  return sorted.find((range, index) => {
    const before = sorted[index - 1];
    return before !== undefined && before[side] + before.count > range[side];
  })?.[side];
}
