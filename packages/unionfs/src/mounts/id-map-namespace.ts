/** A user namespace for its id maps alone: what mounts are shown by. mount_setattr(2), MOUNT_ATTR_IDMAP */
import { writeFileSync } from 'node:fs';
import { Fd, launch, pause } from '@estiba/syscalls';
import type { IdMaps } from '../layer/id-maps.ts';
import { UnionfsError } from '../unionfs-error.ts';

/** Needs CAP_SETUID and CAP_SETGID over these ids, as a rule root. It lives as long as somebody has it open. */
export async function namespaceOf(maps: IdMaps): Promise<Fd> {
  let namespace: Fd | undefined;
  const write = ({ pid }: { readonly pid: number }) => {
    try {
      for (const kind of ['gid', 'uid'] as const) writeFileSync(`/proc/${pid}/${kind}_map`, linesOf(maps[kind]));
      namespace = Fd.open(`/proc/${pid}/ns/user`);
    } catch (cause) {
      throw refused(maps, cause as NodeJS.ErrnoException);
    }
  };
  await using child = await launch([pause('map ids')], { clone: ['user'], at: { 'map ids': write } });
  await child.wait();
  return namespace as unknown as Fd;
}

/** EINVAL is what the kernel says of anything that is none, but the ranges have been checked. user_namespaces(7) */
function refused({ uid, gid }: IdMaps, cause: NodeJS.ErrnoException): UnionfsError {
  const bytes = Math.max(linesOf(uid).length, linesOf(gid).length);
  const remedies: Readonly<Record<string, string>> = {
    EPERM: '; it takes root',
    EACCES: '; it takes root',
    EINVAL: `; the kernel takes less than a page of text, this is ${bytes} bytes; use fewer ranges`,
  };
  const why = `${cause.message}${remedies[cause.code ?? ''] ?? ''}`;
  return new UnionfsError('OVERLAY_UNSUPPORTED', `cannot show layers by id maps: ${why}`, { cause });
}

function linesOf(ranges: IdMaps['uid']): string {
  return ranges.map(({ inside, outside, count }) => `${inside} ${outside} ${count}\n`).join('');
}
