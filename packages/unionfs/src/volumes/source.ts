/** What an image holds at the path of a volume, found without leaving the image. */
import { constants } from 'node:fs';
import { attempt, Fd, openat2, perform, SyscallError } from '@estiba/syscalls';
import { UnionfsError } from '../unionfs-error.ts';

/**
 * A directory; undefined when there is nothing. In a `root` absolute links and `..` stay inside, as they would for a process
 * whose root it is: the kernel sees to that. openat2(2), RESOLVE_IN_ROOT
 */
export function openSource(from: string | Fd, root: string | Fd = '/'): Fd | undefined {
  if (from instanceof Fd) return openAgain(from);
  using base = openAgain(root);
  const call = openat2(base, from === '' ? '.' : from, {
    flags: ['rdonly', 'directory'],
    resolve: root === '/' ? [] : ['in-root', 'no-magiclinks'],
  });
  try {
    const results = perform([attempt([call], ['ENOENT'])], { keep: [call] });
    return results.of(call) < 0 ? undefined : results.fd(call);
  } catch (error) {
    if (!(error instanceof SyscallError) || error.code !== 'ENOTDIR') throw error;
    const message = `cannot fill a volume from ${from}: it is a file, or leads through one; a volume takes what is in a directory`;
    throw new UnionfsError('TREE_UNSUPPORTED', message, { cause: error });
  }
}

/** One's own descriptor, to close; of a mount that is attached nowhere there is no other path. */
function openAgain(directory: string | Fd): Fd {
  const path = directory instanceof Fd ? `/proc/self/fd/${directory.number}` : directory;
  return Fd.open(path, constants.O_RDONLY | constants.O_DIRECTORY);
}
