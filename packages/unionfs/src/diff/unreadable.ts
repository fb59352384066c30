/** Why a tree cannot be read, or cannot be said in a layer. */
import { shown } from '../tar/tar-entry.ts';
import { UnionfsError } from '../unionfs-error.ts';
import type { Item } from './item.ts';

/** Paths are in latin1, a byte for each character. */
export function unsupported(path: string, why: string): UnionfsError {
  return problem('TREE_UNSUPPORTED', path, why);
}

export function changed(path: string): UnionfsError {
  return problem('TREE_UNSUPPORTED', path, 'it changed while it was being read; stop what writes there first');
}

/** What would be read as something else than the file that it is. */
export function refuseMarks({ name, path, type, major, minor }: Item): void {
  refuseNames(path, name);
  if (type === 'character' && major === 0 && minor === 0) {
    throw unsupported(
      path,
      'a device 0/0 is how overlayfs says that a name is gone; diffLayer reads upper directories',
    );
  }
}

export function refuseNames(path: string, name: string): void {
  if (name.startsWith('.wh.')) throw unsupported(path, 'in a layer names that begin with ".wh." say what is gone');
}

/** An error of the kernel's as one about a file. */
export function unreadable(path: string, error: unknown): unknown {
  if (error instanceof UnionfsError || !(error instanceof Error)) return error;
  const { code = 'unknown', syscall = '' } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' && path !== '') return changed(path);
  if (code === 'EXDEV') return problem('TREE_UNSUPPORTED', path, 'something is mounted there; unmount it first', error);
  const remedy = code === 'EACCES' || code === 'EPERM' ? '; its mode keeps this user out: read the tree as root' : '';
  return problem('LAYER_REFUSED', path, `${syscall === '' ? error.message : `${syscall}: ${code}`}${remedy}`, error);
}

function problem(code: 'TREE_UNSUPPORTED' | 'LAYER_REFUSED', path: string, why: string, cause?: unknown): UnionfsError {
  const name = Buffer.from(path === '' ? '.' : path, 'latin1');
  const options = cause === undefined ? {} : { cause };
  return new UnionfsError(code, `cannot pack ${shown(name)}: ${why}`, { entry: name.toString(), ...options });
}
