// A container runtime of your own: a list of steps, and a place to stop in the middle.
import { mkdir } from 'node:fs/promises';
import { Cgroup } from '@estiba/cgroups';
import { create, mapIds, procfs, rootlessIdMaps, writeIdMaps } from '@estiba/namespaces';
import { dropPrivileges } from '@estiba/privileges';
import { command, launch } from '@estiba/syscalls';
import { bind, overlay, pivotRoot, tmpfs } from '@estiba/unionfs';

const [base = '/srv/base', place = '/srv/mine'] = process.argv.slice(2);
const [root, upper, work] = [`${place}/root`, `${place}/upper`, `${place}/work`];
for (const directory of [root, upper, work]) await mkdir(directory, { recursive: true });

const maps = await rootlessIdMaps();
await using group = await Cgroup.create('/estiba/example-runtime', { cpu: { max: 0.5 } });

const child = await launch(
  [
    group.join(),
    create(['user', 'mount', 'pid', 'uts'], { hostname: 'mine' }),
    mapIds(maps),
    overlay({ lower: [base], upper, work, target: root }),
    bind('/etc/resolv.conf', `${root}/etc/resolv.conf`, { readonly: true }),
    tmpfs(`${root}/tmp`, { size: '16m' }),
    procfs(`${root}/proc`),
    pivotRoot(root),
    dropPrivileges({ capabilities: [], noNewPrivileges: true }),
    command(['sh', '-c', 'cat /proc/sys/kernel/hostname; id -u; echo /proc/[0-9]*']),
  ],
  { stdio: 'inherit', at: { 'map-ids': ({ pid }) => writeIdMaps(pid, maps) } },
);

process.exitCode = (await child.wait()).exitCode ?? 1;
