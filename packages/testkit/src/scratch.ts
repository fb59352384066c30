import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Scratch extends AsyncDisposable, Disposable {
  /** Absolute path of the folder. */
  readonly path: string;
  /** An absolute path inside it. */
  join(...parts: string[]): string;
}

/**
 * A temporary folder that is gone when its scope ends: `await using folder = scratch()`. Its name carries the process
 * id, by which `leftovers()` knows whose it is. Mode 0755, so that unprivileged children may enter it.
 */
export function scratch(purpose = 'test'): Scratch {
  const path = mkdtempSync(join(tmpdir(), `estiba-${process.pid}-${purpose}-`));
  chmodSync(path, 0o755);
  const remove = () => rmSync(path, { recursive: true, force: true });
  return {
    path,
    join: (...parts) => join(path, ...parts),
    [Symbol.dispose]: remove,
    [Symbol.asyncDispose]: async () => remove(),
  };
}
