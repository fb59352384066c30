/** `run` of /bin/true from a warm process, beside crun: six namespaces, memory, pids and cpu limits. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '@estiba/runtime';
import { launch, syscall } from '@estiba/syscalls';
import { hiddenV2, runCrun, writeBundle } from './crun.ts';
import { interleave, print } from './measure.ts';

export async function benchStart(options: { rootfs: string; scratch: string; runs: number }): Promise<void> {
  const { rootfs, scratch, runs } = options;
  const bundle = join(scratch, 'bundle');
  writeBundle(bundle, rootfs);
  const overlay = overlayIn(scratch, rootfs);
  await using namespace = await hiddenV2();
  const limits = { memory: { max: '64MiB' }, pids: { max: 64 }, cpu: { max: 0.5 } } as const;
  const figures = await interleave(
    [
      {
        name: 'crun run, cgroups, no overlay',
        run: async () => void (await runCrun({ bundle, state: join(scratch, 'crun'), enter: namespace.enter })),
      },
      {
        name: 'run, overlay, limits',
        run: () => complete(run(['/bin/true'], { rootfs: overlay, limits, stdio: 'ignore' })),
      },
      { name: 'run, directory, limits', run: () => complete(run(['/bin/true'], { rootfs, limits, stdio: 'ignore' })) },
      {
        name: 'run, overlay, no limits',
        run: () => complete(run(['/bin/true'], { rootfs: overlay, stdio: 'ignore' })),
      },
      {
        name: 'launch of an empty program (the floor)',
        run: () => complete(launch([syscall('exit_group', 0)], { stdio: 'ignore' })),
      },
    ],
    { runs, warmup: 10 },
  );
  print('start to end of /bin/true', figures, 'crun run, cgroups, no overlay');
}

export function overlayIn(scratch: string, rootfs: string): { lower: string[]; upper: string; work: string } {
  const [upper, work] = [join(scratch, 'upper'), join(scratch, 'work')];
  for (const directory of [upper, work]) mkdirSync(directory, { recursive: true });
  return { lower: [rootfs], upper, work };
}

export async function complete(started: ReturnType<typeof launch>): Promise<undefined> {
  const status = await (await started).wait();
  if (status.exitCode !== 0) throw new Error(`a contender ended with ${JSON.stringify(status)}`);
}
