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
      const why = `${(cause as Error).message}; it takes root`;
      throw new UnionfsError('OVERLAY_UNSUPPORTED', `cannot show layers by id maps: ${why}`, { cause });
    }
  };
  await using child = await launch([pause('map ids')], { clone: ['user'], at: { 'map ids': write } });
  await child.wait();
  return namespace as unknown as Fd;
}

function linesOf(ranges: IdMaps['uid']): string {
  return ranges.map(({ inside, outside, count }) => `${inside} ${outside} ${count}\n`).join('');
}
