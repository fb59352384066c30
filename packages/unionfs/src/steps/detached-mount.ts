/** A file system that is set up before it is anywhere. fsopen(2), fsmount(2), move_mount(2) */
import {
  type Call,
  fscreate,
  fsmount,
  fsopen,
  label,
  type MountAttribute,
  moveMount,
  type Step,
} from '@estiba/syscalls';
import { directoryFor } from './mount-point.ts';

/** A mount that is nowhere yet: `steps` bring it into being, `tree` is its descriptor, for `moveMount`. */
export interface DetachedMount {
  readonly steps: readonly Step[];
  readonly tree: Call;
}

/** A new file system of that type, with what it is told. */
export function detached(
  type: string,
  attributes: readonly MountAttribute[],
  told: (context: Call) => readonly Step[],
): DetachedMount {
  const context = fsopen(type);
  const tree = fsmount(context, attributes);
  return { steps: [context, ...told(context), fscreate(context), tree], tree };
}

/** On `target`, which is made when it is missing. */
export function attach(what: string, { steps, tree }: DetachedMount, target: string): Step[] {
  return [label(`mount ${what} on ${target}`, [...steps, ...directoryFor(target), moveMount(tree, target)])];
}
