/** Rules of the ways that names of entries lead, whether the tree they lead through is on disk or in memory. */
import { shown } from '../tar/tar-entry.ts';
import { UnionfsError } from '../unionfs-error.ts';

export interface WalkOptions {
  /** Whether directories that are missing are made: always, only where the layers below have them, or never. */
  readonly create: 'always' | 'if-below' | 'never';
  readonly links?: 'follow' | 'refuse';
}

/** Deep enough for any real tree; on disk each level holds a descriptor while a path is walked. */
const deepest = 500;
/** As many as the kernel follows. path_resolution(7) */
const mostLinks = 40;

/** `depth`: of the directory that a way has come to, or of where it is to lead. */
export function checkDepth(path: readonly string[], depth: number): void {
  if (depth > deepest) throw invalid(path, `it lies deeper than ${deepest} directories`);
}

export function checkLinks(path: readonly string[], followed: number): void {
  if (followed > mostLinks) throw invalid(path, `it leads through more than ${mostLinks} symbolic links`);
}

/** Of a directory that no entry describes, where a link says so. It would be a whiteout in a layer that is made of this tree. */
export function checkImplicit(path: readonly string[]): void {
  if (path.at(-1)?.startsWith('.wh.')) throw invalid(path, 'the name of a whiteout is none for a directory');
}

export function throughLink(path: readonly string[], link: readonly string[]): UnionfsError {
  const why = `${shown(latin1(link))} on its way is a symbolic link`;
  return new UnionfsError('LAYER_ESCAPES', `cannot hide ${shown(latin1(path))}: ${why}`);
}

export function latin1(path: readonly string[]): Buffer {
  return Buffer.from(path.filter(Boolean).join('/'), 'latin1');
}

function invalid(path: readonly string[], why: string): UnionfsError {
  return new UnionfsError('LAYER_INVALID', `cannot unpack ${shown(latin1(path))}: ${why}`);
}
