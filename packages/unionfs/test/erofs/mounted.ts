/** Images as the kernel shows them. */
import { perform } from '@estiba/syscalls';
import { erofsTree } from '../../src/steps/erofs.ts';

export interface MountedImage extends Disposable {
  readonly path: string;
}

/** Attached nowhere, and gone with its descriptor. */
export function mounted(image: string): MountedImage {
  const { steps, tree } = erofsTree(image);
  const fd = perform(steps, { keep: [tree] }).fd(tree);
  return { path: `/proc/self/fd/${fd.number}/.`, [Symbol.dispose]: () => fd.close() };
}
