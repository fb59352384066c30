import { release } from 'node:os';

/** Whether the kernel is of this version or later. */
export function kernelHas(major: number, minor: number): boolean {
  const [ours = 0, and = 0] = release().split('.').map(Number);
  return ours > major || (ours === major && and >= minor);
}

export function kernelName(): string {
  return release();
}
