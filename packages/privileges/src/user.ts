import { type Step, syscall } from '@estiba/syscalls';
import { PrivilegesError } from './errors.ts';

/** Who a process is. Ids are those seen inside the user namespace. */
export interface User {
  readonly uid: number;
  readonly gid: number;
  /**
   * The supplementary groups, instead of those there are. `'keep'` for a user namespace whose `setgroups` is `deny`, where they can
   * neither be changed nor be used to gain anything; elsewhere the groups of whoever started the process would leak in.
   */
  readonly groups?: readonly number[] | 'keep';
  /** Which permission bits new files do not get, e.g. `0o022`. */
  readonly umask?: number;
}

/**
 * Become this user, for good. Needs CAP_SETUID and CAP_SETGID. setgroups(2), setresgid(2), setresuid(2), umask(2)
 *
 * Leaving uid 0 takes all capabilities away; `dropPrivileges` keeps those that are asked for.
 *
 * @throws PrivilegesError `USER_INVALID`
 */
export function user({ uid, gid, groups = [], umask }: User): Step[] {
  checkId('uid', uid);
  checkId('gid', gid);
  const steps: Step[] = [];
  if (groups !== 'keep') steps.push(setGroups(groups));
  // The user last: afterwards the right to change groups is gone. All three ids, so that there is no way back.
  steps.push({ ...syscall('setresgid', gid, gid, gid), label: `become gid ${gid}` });
  steps.push({ ...syscall('setresuid', uid, uid, uid), label: `become uid ${uid}` });
  if (umask !== undefined) steps.push(setUmask(umask));
  return steps;
}

function setGroups(groups: readonly number[]): Step {
  // NGROUPS_MAX, getgroups(2)
  if (groups.length > 65_536) {
    throw new PrivilegesError('USER_INVALID', `cannot set ${groups.length} groups: the kernel takes 65536 at most`);
  }
  const bytes = new Uint8Array(groups.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [index, group] of groups.entries()) {
    checkId(`groups[${index}]`, group);
    view.setUint32(index * 4, group, true);
  }
  const list = groups.length === 0 ? undefined : bytes;
  return { ...syscall('setgroups', groups.length, list), label: `set the groups to ${groups.join(', ') || 'none'}` };
}

function setUmask(umask: number): Step {
  if (!Number.isInteger(umask) || umask < 0 || umask > 0o777) {
    throw new PrivilegesError('USER_INVALID', `cannot set the umask ${umask}: it is from 0 to 0o777`);
  }
  return { ...syscall('umask', umask), label: `set the umask to 0${umask.toString(8)}` };
}

// 4294967295 is -1 to the kernel, "leave as it is": the process would stay root.
function checkId(what: string, id: number): void {
  if (Number.isInteger(id) && id >= 0 && id < 0xffff_ffff) return;
  throw new PrivilegesError('USER_INVALID', `cannot use ${id} as ${what}: an id is an integer from 0 to 4294967294`);
}
