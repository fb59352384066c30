import { launcherPath } from './launcher.ts';
import { openNative } from './native.ts';

/**
 * Open what this package keeps open for the life of the process (the interpreter, the launcher's memory file) now
 * instead of at the first call. Needed on the main thread before a worker uses this package.
 */
export function preload(): void {
  openNative();
  launcherPath();
}
