/** Without limits and filter, on a directory: the part of a container that bubblewrap has too. */
import type { Bench } from '../bench.ts';
import { debianTree } from '../contenders/debian-tree.ts';
import { floor } from '../contenders/floor.ts';
import { oci } from '../contenders/oci.ts';
import { ours } from '../contenders/ours.ts';
import { pathOf } from '../programs.ts';
import type { Contender } from '../rounds.ts';

export async function sandbox(bench: Bench): Promise<void> {
  const rootfs = await debianTree(bench);
  await bench.compare({
    title: 'sandbox, tmpfs',
    note: 'six namespaces on a directory, no limits, no seccomp; bwrap masks no paths, mounts no /sys, drops all capabilities',
    ours: 'run',
    contenders: [
      ours('run', { rootfs, seccomp: 'unconfined' }),
      await floor('floor', { rootfs, seccomp: 'unconfined' }, bench),
      bubblewrap('bwrap', rootfs, bench),
      oci('crun, no cgroup', 'crun', { rootfs, limits: false, seccomp: false }, bench),
    ],
    rounds: 300,
    warmup: 10,
  });
}

function bubblewrap(name: string, rootfs: string, bench: Bench): Contender {
  const namespaces = ['pid', 'uts', 'ipc', 'net', 'cgroup'].map((kind) => `--unshare-${kind}`);
  const mounts = ['--bind', rootfs, '/', '--proc', '/proc', '--dev', '/dev', '--mqueue', '/dev/mqueue'];
  const rest = ['--hostname', 'bench', '--new-session', '--cap-drop', 'ALL'];
  return {
    name,
    run: () => bench.programs.run([pathOf('bwrap'), ...namespaces, ...mounts, ...rest, '/bin/true']),
  };
}
