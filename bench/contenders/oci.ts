/** crun and runc, with a bundle that says what `run` does by itself; they do not mount overlays. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dockerCapabilities, dockerSeccompProfile } from '@estiba/privileges';
import { etcFiles, maskedPaths, readonlyPaths } from '@estiba/runtime';
import type { Bench } from '../bench.ts';
import { pathOf } from '../programs.ts';
import type { Contender } from '../rounds.ts';

export interface OciOptions {
  readonly rootfs: string;
  /** Without: no cgroup at all (crun only). */
  readonly limits: boolean;
  readonly seccomp: boolean;
}

export function oci(name: string, command: 'crun' | 'runc', options: OciOptions, bench: Bench): Contender {
  const bundle = bench.folder(command);
  writeBundle(bundle, options, bench.cgroup(command));
  const program = [pathOf(command), '--root', join(bundle, 'state')];
  const manager = options.limits ? [] : ['--cgroup-manager=disabled'];
  let count = 0;
  return {
    name,
    run() {
      count += 1;
      return bench.runtimes.run([...program, ...manager, 'run', '--bundle', bundle, `bench-${process.pid}-${count}`]);
    },
  };
}

function writeBundle(bundle: string, options: OciOptions, cgroup: string): void {
  const files = etcFiles({ hostname: 'bench', hostNetwork: false });
  mkdirSync(join(bundle, 'etc'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(bundle, 'etc', name), text);
  const binds = Object.keys(files).map((name) => ({
    destination: `/etc/${name}`,
    type: 'bind',
    source: join(bundle, 'etc', name),
    options: ['bind'],
  }));
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(configOf(options, binds, cgroup)));
}

function configOf({ rootfs, limits, seccomp }: OciOptions, binds: readonly object[], cgroup: string): object {
  const sets = ['bounding', 'effective', 'permitted'].map((set) => [set, dockerCapabilities]);
  const resources = { memory: { limit: 64 << 20 }, pids: { limit: 64 }, cpu: { quota: 50_000, period: 100_000 } };
  return {
    ociVersion: '1.0.2',
    process: {
      user: { uid: 0, gid: 0 },
      args: ['/bin/true'],
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      cwd: '/',
      capabilities: Object.fromEntries(sets),
    },
    root: { path: rootfs },
    hostname: 'bench',
    mounts: [...mounts, ...binds],
    linux: {
      namespaces: ['pid', 'mount', 'uts', 'ipc', 'network', 'cgroup'].map((type) => ({ type })),
      maskedPaths,
      readonlyPaths,
      ...(limits && { cgroupsPath: cgroup, resources }),
      ...(seccomp && { seccomp: dockerSeccompProfile() }),
    },
  };
}

const mounts = [
  mount('/proc', 'proc', []),
  {
    destination: '/dev',
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
  },
  mount('/dev/pts', 'devpts', ['newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5']),
  mount('/dev/shm', 'tmpfs', ['mode=1777', 'size=65536k']),
  mount('/dev/mqueue', 'mqueue', []),
  mount('/sys', 'sysfs', ['ro']),
];

function mount(destination: string, type: string, options: readonly string[]): object {
  const locked = type === 'devpts' ? ['nosuid', 'noexec'] : ['nosuid', 'noexec', 'nodev'];
  return { destination, type, source: type, options: [...locked, ...options] };
}
