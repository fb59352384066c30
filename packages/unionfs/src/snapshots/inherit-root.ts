import { fstatSync } from 'node:fs';
import { Fd, open, perform } from '@estiba/syscalls';
import { setAttributes, setTimes } from '../layer/attributes.ts';
import { attributesOf } from '../layer/lower-view.ts';
import { shiftOf } from '../layer/owners.ts';

/** The root of the topmost directory is the root that everybody sees; `shift` tells whose it becomes. */
export function inheritRoot(from: string, to: string, shift = shiftOf('keep')): void {
  // Its mode may keep its own owner from reading it.
  const opened = open(from, ['path', 'directory']);
  using source = perform([opened], { keep: [opened] }).fd(opened);
  using target = Fd.open(to);
  const attributes = shift(attributesOf({ fd: source.number, stats: fstatSync(source.number) }));
  const owner = process.geteuid?.() === 0 ? 'keep' : 'self';
  setAttributes(target.number, attributes, { owner, onSkipped: () => {} });
  setTimes(target.number, attributes.mtime);
}
