/** Why overlayfs refuses a mount, and what to do: its error numbers stand for many things, and its words may not be readable. */
import { existsSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SyscallError } from '@estiba/syscalls';
import type { OverlayOptions } from '../steps/overlay-options.ts';
import { UnionfsError } from '../unionfs-error.ts';

interface Refusal {
  readonly is: (error: SyscallError, options: OverlayOptions, words: string) => boolean;
  readonly why: (options: OverlayOptions) => string;
}

/** The error in words of the options where the cause is known, with the kernel's own as its cause; otherwise as it was. */
export function explainRefusal(error: unknown, options: OverlayOptions & { readonly target: string }): unknown {
  if (!(error instanceof SyscallError) || !['fsconfig', 'fsmount', 'mount'].includes(error.syscall)) return error;
  // overlayfs speaks to the log of the machine, in which the messages before this one may still be.
  const words = error.kernel?.split('; ').at(-1) ?? '';
  const refusal = refusals.find(({ is }) => is(error, options, words));
  if (refusal === undefined) return error;
  const said = words === '' ? '' : `; the kernel says: ${words}`;
  const message = `cannot mount an overlay on ${options.target}: ${error.code}, ${refusal.why(options)}${said}`;
  return new UnionfsError('OVERLAY_UNSUPPORTED', message, { cause: error });
}

const refusals: readonly Refusal[] = [
  {
    is: ({ code }, { work }) => code === 'EINVAL' && work !== undefined && existsSync(volatileMark(work)),
    why: ({ upper, work = '' }) =>
      `${upper} was mounted as volatile before, and part of what was written to it may be lost; start with empty directories, or remove ${volatileMark(work)} if the machine has not crashed since`,
  },
  {
    is: ({ code }, { upper }) => code === 'EINVAL' && upper !== undefined && incapable(upper) !== undefined,
    why: ({ upper = '' }) =>
      `${upper} lies on ${incapable(upper)}, which cannot take the changes of an overlay; choose a directory on ext4, xfs, btrfs or tmpfs`,
  },
  {
    is: ({ code }, { upper, work }, words) =>
      code === 'EINVAL' && (words.includes('same mount') || device(upper) !== device(work)),
    why: ({ upper, work }) =>
      `upper and work have to be on the same mount: ${upper} and ${work} are not; put work beside upper`,
  },
  {
    is: (_, __, words) => words.includes('separate subtrees'),
    why: ({ upper, work }) => `${upper} and ${work} lie in each other; put work beside upper`,
  },
  {
    is: ({ code }) => code === 'EBUSY',
    why: ({ upper }) =>
      `${upper} or its work directory is in use by another overlay; unmount that first, or use directories of its own`,
  },
  {
    is: ({ code }) => code === 'ESTALE',
    why: ({ upper }) =>
      `${upper} was mounted with an index over other lower directories before; use these, or start with empty directories`,
  },
  {
    is: ({ code }, _, words) => code === 'ELOOP' && /lowerdir|upperdir|workdir/.test(words),
    why: () => 'a directory is given twice, or lies in another; leave one of them out',
  },
  {
    is: (_, __, words) => /read-only|r\/o/.test(words),
    why: ({ upper }) => `${upper} is on a read-only mount; choose another, or leave upper and work out`,
  },
  {
    is: (_, __, words) => words.includes('stacking depth'),
    why: () => 'overlays may stand on each other at most twice; give the directories of those below instead',
  },
];

/** https://docs.kernel.org/filesystems/overlayfs.html#volatile-mount */
function volatileMark(work: string): string {
  return join(work, 'work/incompat/volatile');
}

/** File systems that lack what overlayfs needs of `upper`: extended attributes, whiteouts, names that stay. statfs(2) */
const incapables: Readonly<Record<number, string>> = {
  2035054128: 'overlayfs',
  26985: 'NFS',
  12648430: 'hostfs',
  16914839: '9p',
  19780: 'FAT',
  4283649346: 'CIFS',
};

function incapable(directory: string): string | undefined {
  return existsSync(directory) ? incapables[statfsSync(directory).type] : undefined;
}

function device(path: string | undefined): number | undefined {
  return path === undefined ? undefined : statSync(path, { throwIfNoEntry: false })?.dev;
}
