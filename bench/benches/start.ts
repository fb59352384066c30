/** The whole of a container around /bin/true, with limits: what `docker run` is made of. */
import type { Bench } from '../bench.ts';
import { debianTree } from '../contenders/debian-tree.ts';
import { floor } from '../contenders/floor.ts';
import { oci } from '../contenders/oci.ts';
import { limits, ours, overlayIn } from '../contenders/ours.ts';

export async function start(bench: Bench): Promise<void> {
  for (const place of bench.places) {
    const rootfs = await debianTree(bench, place);
    const overlay = overlayIn(bench.folder('overlay', place), rootfs);
    await bench.compare({
      title: `start, ${place.name}`,
      note: 'six namespaces, limits, seccomp; crun and runc on the bare directory',
      ours: 'run, overlay',
      contenders: [
        ours('run, overlay', { rootfs: overlay, limits }),
        await floor('floor, overlay', { rootfs: overlay, limits }, bench),
        ours('run, directory', { rootfs, limits }),
        await floor('floor, directory', { rootfs, limits }, bench),
        oci('crun, directory', 'crun', { rootfs, limits: true, seccomp: true }, bench),
        // Its library takes most of the time to compile the filter, each time anew: this is crun at its best.
        oci('crun, directory, no seccomp', 'crun', { rootfs, limits: true, seccomp: false }, bench),
        oci('runc, directory', 'runc', { rootfs, limits: true, seccomp: true }, bench),
      ],
      rounds: 200,
      warmup: 10,
      promises: [{ by: 'crun, directory, no seccomp', atMost: 0.6 }],
    });
  }
}
