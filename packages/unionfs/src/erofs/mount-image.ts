import { LoopDevice } from './loop-device.ts';

/**
 * Does what mounts an image: with its path, or with that of a loop device where the kernel says that it takes only these.
 * Tells which.
 */
export function mountImage<T>(
  image: string,
  mount: (source: string) => T,
): { result: T; through: 'file' | 'loop device' } {
  try {
    return { result: mount(image), through: 'file' };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTBLK') throw error;
    using device = LoopDevice.attach(image);
    return { result: mount(device.path), through: 'loop device' };
  }
}
