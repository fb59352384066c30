/** crun with the same namespaces and limits, on the same tree; it mounts no overlay. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isolate } from '@estiba/namespaces';
import { dockerCapabilities } from '@estiba/privileges';
import { maskedPaths, readonlyPaths } from '@estiba/runtime';
import { type Child, execve, Fd, launch, type Program, setns } from '@estiba/syscalls';

/** crun refuses a hybrid host, so it gets a mount namespace in which the v2 mount is not to be seen. */
export async function hiddenV2(): Promise<AsyncDisposable & { readonly enter: Program }> {
  const holder: Child = await isolate(
    ['sh', '-c', 'umount /sys/fs/cgroup/unified 2>/dev/null; echo ready; exec sleep 3600'],
    {
      namespaces: ['mount'],
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  await new Promise((resolve) => holder.stdout?.once('data', resolve));
  const namespace = Fd.open(`/proc/${holder.pid}/ns/mnt`);
  return {
    enter: setns(namespace, 'mount'),
    async [Symbol.asyncDispose]() {
      namespace.close();
      await holder[Symbol.asyncDispose]();
    },
  };
}

export function writeBundle(directory: string, rootfs: string): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'config.json'), JSON.stringify(configuration(rootfs)));
}

let count = 0;

export async function runCrun(options: { bundle: string; state: string; enter: Program }): Promise<void> {
  count += 1;
  const id = `estiba-bench-${process.pid}-${count}`;
  const argv = ['crun', '--root', options.state, 'run', '--bundle', options.bundle, id];
  const child = await launch([options.enter, execve('/usr/bin/crun', argv, { PATH: '/usr/bin:/bin' })], {
    stdio: 'ignore',
  });
  const { exitCode } = await child.wait();
  if (exitCode !== 0) throw new Error(`crun ended with ${exitCode}: try it by hand, ${argv.join(' ')}`);
}

function configuration(rootfs: string): object {
  const capabilities = dockerCapabilities;
  const mount = (destination: string, type: string, options: string[]) => ({
    destination,
    type,
    source: type,
    options,
  });
  return {
    ociVersion: '1.0.2',
    process: {
      user: { uid: 0, gid: 0 },
      args: ['/bin/true'],
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      cwd: '/',
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    },
    root: { path: rootfs },
    hostname: 'bench',
    mounts: [
      mount('/proc', 'proc', ['nosuid', 'noexec', 'nodev']),
      mount('/dev', 'tmpfs', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']),
      mount('/dev/pts', 'devpts', ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5']),
      mount('/dev/shm', 'tmpfs', ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k']),
      mount('/dev/mqueue', 'mqueue', ['nosuid', 'noexec', 'nodev']),
      mount('/sys', 'sysfs', ['nosuid', 'noexec', 'nodev', 'ro']),
    ],
    linux: {
      cgroupsPath: `/estiba/bench-crun-${process.pid}`,
      resources: { memory: { limit: 64 << 20 }, pids: { limit: 64 }, cpu: { quota: 50_000, period: 100_000 } },
      namespaces: ['pid', 'mount', 'uts', 'ipc', 'network', 'cgroup'].map((type) => ({ type })),
      maskedPaths,
      readonlyPaths,
    },
  };
}
