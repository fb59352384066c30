import { PrivilegesError } from './errors.ts';
import { type GroupEntry, type PasswdEntry, parseGroup, parseId, parsePasswd } from './user-database.ts';

/** A user of a container, as numbers, ready for `user()`. */
export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  readonly home: string;
  /** The name, where the passwd file has one. */
  readonly name?: string;
}

/**
 * Who is meant by `USER` of an image or `--user`: `user`, `user:group`, each a name or a number, looked up in the text of the
 * container's own /etc/passwd and /etc/group. By Docker's rules: digits are always an id, never a name (CVE-2016-3697); a uid that has
 * no entry is in group 0; the groups of the user count only when no group is given; an empty user is uid 0.
 *
 * Pure: it reads nothing. Read the files beneath the container's root with the kernel resolving the path, or a symbolic link leads out.
 *
 * @throws PrivilegesError `USER_INVALID`, `USER_UNKNOWN`, `GROUP_UNKNOWN`
 */
export function resolveUser(
  specification: string,
  files: { readonly passwd?: string | Uint8Array; readonly group?: string | Uint8Array } = {},
): ResolvedUser {
  const [userPart, groupPart] = split(specification);
  const entry = findUser(userPart, parsePasswd(files.passwd ?? ''));
  const groups = parseGroup(files.group ?? '');
  const gid = groupPart === '' ? entry.gid : findGroup(groupPart, groups);
  // The primary group is listed too: without it, a file that excludes the group's members could be opened (CVE-2022-36109).
  const others = groupPart === '' ? groupsOf(entry.name, groups) : [];
  return { ...entry, gid, groups: [...new Set([gid, ...others])] };
}

type Entry = Pick<ResolvedUser, 'uid' | 'gid' | 'home' | 'name'>;

function split(specification: string): [string, string] {
  const [userPart = '', groupPart = '', ...rest] = specification.split(':');
  if (rest.length === 0 && !specification.includes('\0')) return [userPart, groupPart];
  throw new PrivilegesError(
    'USER_INVALID',
    `cannot use ${JSON.stringify(specification)} as a user: write it like alice, 1000, alice:staff or 1000:1000`,
  );
}

function findUser(part: string, passwd: readonly PasswdEntry[]): Entry {
  const uid = part === '' ? 0 : idOrName(part);
  const entry = passwd.find((candidate) => (uid === undefined ? candidate.name === part : candidate.uid === uid));
  if (entry !== undefined) return { uid: entry.uid, gid: entry.gid, home: entry.home, name: entry.name };
  if (uid !== undefined) return { uid, gid: 0, home: '/' };
  throw new PrivilegesError(
    'USER_UNKNOWN',
    `cannot find the user ${JSON.stringify(part)}: no such name in the passwd file of the container; use a number or add the user`,
  );
}

function findGroup(part: string, groups: readonly GroupEntry[]): number {
  const gid = idOrName(part) ?? groups.find((group) => group.name === part)?.gid;
  if (gid !== undefined) return gid;
  throw new PrivilegesError(
    'GROUP_UNKNOWN',
    `cannot find the group ${JSON.stringify(part)}: no such name in the group file of the container; use a number or add the group`,
  );
}

function groupsOf(name: string | undefined, groups: readonly GroupEntry[]): number[] {
  return name === undefined ? [] : groups.filter(({ members }) => members.includes(name)).map(({ gid }) => gid);
}

// Digits that are too large are refused rather than looked up as a name.
function idOrName(part: string): number | undefined {
  const id = parseId(part);
  if (id !== undefined || !/^[0-9]+$/.test(part)) return id;
  throw new PrivilegesError('USER_INVALID', `cannot use ${part} as an id: an id is at most 2147483647`);
}
