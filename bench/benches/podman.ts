/** `podman run` beside `run`: the command that people type beside the function that they call. */
import type { Bench } from '../bench.ts';
import { debianTree } from '../contenders/debian-tree.ts';
import { limits, ours, overlayIn } from '../contenders/ours.ts';
import { podman as podmanIn } from '../contenders/podman.ts';
import type { Contender } from '../rounds.ts';

/** As podman takes much longer: so that one slow run does not make the round. */
const repeat = 9;
const withoutNetwork = ['pid', 'mount', 'uts', 'ipc', 'cgroup'] as const;

export async function podman(bench: Bench): Promise<void> {
  for (const place of bench.places) {
    const rootfs = await debianTree(bench, place);
    const overlay = overlayIn(bench.folder('overlay', place), rootfs);
    const words = podmanIn(bench.folder('podman', place), bench.folder('r'));
    const peer = (name: string, network: string): Contender => ({
      name,
      run: () =>
        bench.runtimes.run([...words, ...runArguments(network, bench.cgroup('podman')), `${rootfs}:O`, '/bin/true']),
    });
    await bench.compare({
      title: `podman, ${place.name}`,
      note: 'overlay, limits, seccomp; podman records containers, so that others can list them; run does not; run is the median of nine a round',
      ours: 'run, own network',
      contenders: [
        { ...ours('run, own network', { rootfs: overlay, limits }), repeat },
        peer('podman run --network none', 'none'),
        { ...ours("run, the host's network", { rootfs: overlay, limits, namespaces: withoutNetwork }), repeat },
        peer('podman run --network host', 'host'),
      ],
      rounds: 20,
      warmup: 2,
      seconds: 20,
    });
  }
}

function runArguments(network: string, cgroup: string): string[] {
  const limiting = ['--memory=64m', '--pids-limit=64', '--cpus=0.5', `--cgroup-parent=${cgroup}`];
  return ['run', '--rm', `--network=${network}`, ...limiting, '--rootfs'];
}
