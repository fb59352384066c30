/** An overlay by mount(2), all in one text of at most a page: for kernels whose fsconfig(2) takes less. */
import { type Call, label, type MountFlag, mount, openTree, type Step, umount } from '@estiba/syscalls';
import { UnionfsError } from '../unionfs-error.ts';
import { changeMount } from './attributes.ts';
import { type OverlayOptions, settings } from './overlay-options.ts';

/** The kernel copies a page, and ends it with a NUL. */
const longest = 4095;

/** The lower directories as one text; colons part them. */
export function lowerText(lower: readonly string[]): string {
  return lower.map((path) => path.replace(/[\\:]/g, '\\$&')).join(':');
}

/** Mounts it on a directory that exists. */
export function mountText(options: OverlayOptions, target: string): Call {
  const { lower, upper, work, source = 'overlay', attributes = [] } = options;
  const texts = [
    `lowerdir=${noCommas(lowerText(lower))}`,
    ...(upper === undefined || work === undefined
      ? []
      : [`upperdir=${noCommas(upper.replaceAll('\\', '\\\\'))}`, `workdir=${noCommas(work.replaceAll('\\', '\\\\'))}`]),
    ...settings(options).map(([name, value]) => (value === undefined ? name : `${name}=${value}`)),
  ];
  const flags = attributes.filter((name): name is Exclude<typeof name, 'idmap'> => name !== 'idmap');
  return mount({
    source,
    target,
    type: 'overlay',
    flags: flags satisfies MountFlag[],
    data: fitting(texts),
  });
}

/** On a directory first, then taken from there: mount(2) can make none that is nowhere. */
export function asText(options: OverlayOptions, passage: string): { steps: Step[]; tree: Call } {
  const tree = openTree(passage, ['clone']);
  const steps = [
    mountText(options, passage),
    tree,
    umount(passage, ['nofollow', 'detach']),
    changeMount(tree, { set: [], propagation: 'private' }),
  ];
  return { steps: [label(`make an overlay by way of ${passage}`, steps)], tree };
}

/** Commas part the options. */
function noCommas(text: string): string {
  return text.replaceAll(',', '\\,');
}

function fitting(texts: readonly string[]): string {
  const text = texts.join(',');
  const bytes = Buffer.byteLength(text);
  if (bytes <= longest) return text;
  throw new UnionfsError(
    'OVERLAY_UNSUPPORTED',
    `cannot make an overlay: before Linux 6.8 all paths and options may take ${longest} bytes together, these take ${bytes}; use shorter paths or fewer directories`,
  );
}
