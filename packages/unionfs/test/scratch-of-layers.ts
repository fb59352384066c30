import { spawnSync } from 'node:child_process';
import { type Scratch, scratch } from '@estiba/testkit';

/** A temporary folder for directories whose modes keep their own owner out: those of layers, and of overlayfs at work. */
export function scratchOfLayers(purpose: string): Scratch {
  const folder = scratch(purpose);
  const remove = () => {
    // Nothing keeps root out.
    if (process.geteuid?.() !== 0) spawnSync('chmod', ['-R', 'u+rwX', folder.path]);
    folder[Symbol.dispose]();
  };
  return { ...folder, [Symbol.dispose]: remove, [Symbol.asyncDispose]: async () => remove() };
}
