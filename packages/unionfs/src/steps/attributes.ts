/** What is true of one mount, whatever its file system says. mount_setattr(2) */
import { type Arg, AT_EMPTY_PATH, AT_RECURSIVE, type Call, syscall, words } from '@estiba/syscalls';

/** Attributes that a bind may be given; of the last three, which are about access times, one at most. */
export type BindAttribute =
  | 'rdonly'
  | 'nosuid'
  | 'nodev'
  | 'noexec'
  | 'nosymfollow'
  | 'nodiratime'
  | 'noatime'
  | 'relatime'
  | 'strictatime';

const values: Readonly<Record<BindAttribute, number>> = {
  rdonly: 0x1,
  nosuid: 0x2,
  nodev: 0x4,
  noexec: 0x8,
  relatime: 0x0,
  noatime: 0x10,
  strictatime: 0x20,
  nodiratime: 0x80,
  nosymfollow: 0x200000,
};
const IDMAP = 0x100000;

/** Access times are no flag but a choice: the old one has to be taken away with all its bits, whichever it was. */
const ACCESS_TIMES = 0x70;
const accessTimes: ReadonlySet<BindAttribute> = new Set(['noatime', 'relatime', 'strictatime']);

const propagations = { private: 1 << 18, slave: 1 << 19, shared: 1 << 20 } as const;
export type Propagation = keyof typeof propagations;

/** Change a mount that is nowhere yet, and with `recursive` those below it, in one step. Linux 5.12 */
export function changeMount(
  tree: Call,
  change: {
    readonly set: readonly BindAttribute[];
    readonly propagation?: Propagation | undefined;
    readonly idmap?: Arg;
    readonly recursive?: boolean;
  },
): Call {
  const { set, propagation, idmap, recursive = false } = change;
  const sum = set.reduce((bits, name) => bits | values[name], idmap === undefined ? 0 : IDMAP);
  const cleared = set.some((name) => accessTimes.has(name)) ? ACCESS_TIMES : 0;
  const attributes = words(sum, cleared, propagation === undefined ? 0 : propagations[propagation], idmap ?? 0);
  const flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
  const names = [...set, ...(idmap === undefined ? [] : ['idmapped']), ...(propagation ? [propagation] : [])];
  return {
    ...syscall('mount_setattr', tree, '', flags, attributes, 32),
    label: `make it ${names.join(', ')}${recursive ? ', and what is below it' : ''}`,
  };
}
