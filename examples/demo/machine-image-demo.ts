import { Registry } from '@estiba/registry';
import { makeImage } from './make-image.ts';
import { pull } from './pull.ts';
import { runAndTell, shouldBe } from './run-image.ts';
import { megabytes } from './stages.ts';
import { unpack } from './unpack.ts';
import type { Workspace } from './workspace.ts';

// What a container sees of itself; dash and coreutils are all there is in it.
const lookAround = `
echo "I am $(id -un), process $$, on host $(cat /proc/sys/kernel/hostname)"
echo "processes: $(cd /proc && echo [0-9]*)"
echo "network interfaces: $(ls /sys/class/net)"
echo "/: $(ls / | tr '\\n' ' ')"
head -n 1 /etc/os-release`;

// tail keeps the line it reads, and this one has no end; ulimit stops it, should the cgroup fail to.
const useMemory = 'ulimit -v 1000000; exec tail /dev/zero';

// Bounded, should the limit fail: 40 children where 16 processes are allowed.
const useProcesses = 'i=0; while [ $i -lt 40 ]; do sleep 5 & i=$((i+1)); done';

/** Make an image, serve it, pull it, unpack it, run it; then show that its limits hold. */
export async function demoOfMachine(workspace: Workspace): Promise<void> {
  const { stages } = workspace;
  await using registry = await Registry.start();

  const name = await stages.run(
    'make',
    async () => {
      const { layout, descriptor } = await makeImage(`${workspace.directory}/made`, workspace.signal);
      return registry.add('demo/machine:latest', layout, descriptor);
    },
    (reference) => `an image of this machine's userland, served as ${reference}`,
  );

  const image = await pull(workspace, name);
  const rootfs = await unpack(workspace, image);
  console.log(
    `${' '.repeat(16)}  ${image.manifest.layers.length} layers, ${megabytes(sizeOf(image.manifest.layers))} compressed`,
  );

  const look = { image, rootfs, command: ['sh', '-c', lookAround] };
  await runAndTell(workspace, 'run', look, (status) => shouldBe(status, { exitCode: 0 }));
  const hog = { image, rootfs, command: ['sh', '-c', useMemory] };
  await runAndTell(workspace, 'memory', hog, (status) => shouldBe(status, { signal: 'SIGKILL', outOfMemory: true }));
  const swarm = { image, rootfs, command: ['sh', '-c', useProcesses] };
  await runAndTell(workspace, 'pids', swarm, (status) => shouldBe(status, { exitCode: 2 }));
}

function sizeOf(layers: readonly { size: number }[]): number {
  return layers.reduce((sum, { size }) => sum + size, 0);
}
