/** An error of the kernel's as an error about an entry. */
import { shown } from '../tar/tar-entry.ts';
import { UnionfsError, type UnionfsErrorCode } from '../unionfs-error.ts';

export function refused(entry: { readonly name: Buffer }, error: unknown, owner: 'keep' | 'self'): unknown {
  if (!(error instanceof Error)) return error;
  if (error instanceof UnionfsError) return named(entry, error);
  const { code = 'unknown', syscall = '' } = error as NodeJS.ErrnoException;
  const isNameTooLong = code === 'ENAMETOOLONG' && syscall !== 'symlink';
  const reason = isNameTooLong ? tooLong : syscall === '' ? error.message : `${syscall}: ${code}`;
  const remedy = remedyFor(code, syscall, owner);
  return new UnionfsError(
    isNameTooLong ? 'LAYER_INVALID' : (meanings[code] ?? 'LAYER_REFUSED'),
    `cannot unpack ${shown(entry.name)}: ${reason}${remedy === undefined ? '' : `; ${remedy}`}`,
    { entry: entry.name.toString(), cause: error },
  );
}

/** One that does not know on behalf of which entry it happened. */
function named({ name }: { readonly name: Buffer }, error: UnionfsError): UnionfsError {
  if (error.entry !== undefined) return error;
  return new UnionfsError(error.code, error.message, { entry: name.toString(), cause: error.cause });
}

/** path_resolution(7): whichever lookup meets it, of a directory or of an image. */
const tooLong = 'a name is longer than 255 bytes, or a path than 4095';

const meanings: Readonly<Record<string, UnionfsErrorCode>> = {
  // The way led through a mount point, or the kernel saw a name climb out.
  EXDEV: 'LAYER_ESCAPES',
};

function remedyFor(code: string, syscall: string, owner: 'keep' | 'self'): string | undefined {
  if (code === 'ENOSPC') return 'there is no room left';
  if (code === 'EDQUOT') return 'the quota is used up';
  if (code === 'EFBIG') return 'the file system takes no files of that size';
  // Names are checked before: it is the target, which some file systems keep in a block of theirs.
  if (code === 'ENAMETOOLONG' && syscall === 'symlink') return 'the file system takes no links to so long a path';
  if (code === 'EXDEV') return 'it is not on the file system of the layer';
  if (code === 'EINVAL' && /chown/.test(syscall))
    return "its owner has no id in this user namespace; use owner: 'self'";
  if (code === 'EPERM' && owner === 'keep') return "keeping owners and devices needs root; use owner: 'self'";
  return undefined;
}
