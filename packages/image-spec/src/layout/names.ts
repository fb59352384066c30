import type { Descriptor } from '../descriptor.ts';
import { isDigest } from '../digest.ts';
import { ImageSpecError } from '../error.ts';
import type { ImageIndex } from '../image-index.ts';
import type { Platform } from '../platform.ts';
import { selectPlatform } from '../platform-match.ts';
import { changeIndexFile, readIndexFile } from './index-file.ts';

/** https://github.com/opencontainers/image-spec/blob/main/annotations.md */
export const nameAnnotation = 'org.opencontainers.image.ref.name';

export function nameOf(entry: Descriptor): string | undefined {
  return entry.annotations?.[nameAnnotation];
}

/** The full name, which Docker and containerd add where the other annotation has only the tag. They believe this one first. */
export const containerdAnnotation = 'io.containerd.image.name';

export function named(descriptor: Descriptor, name: string): Descriptor {
  // The full name is one that it had elsewhere.
  const { [containerdAnnotation]: _, ...annotations } = descriptor.annotations ?? {};
  return { ...descriptor, annotations: { ...annotations, [nameAnnotation]: name } };
}

/** Throws NAME_UNKNOWN, PLATFORM_MISSING. */
export function findName(layout: string, name: string, platform: Platform | undefined): Descriptor {
  const { manifests } = readIndexFile(layout);
  const found = manifests.filter((entry) => nameOf(entry) === name || (isDigest(name) && entry.digest === name));
  const [first] = found;
  if (first === undefined) throw unknown(name, manifests, layout);
  // The specification allows one name for several platforms.
  return found.every(({ digest }) => digest === first.digest) ? first : selectPlatform({ manifests: found }, platform);
}

export interface NameOptions {
  readonly signal?: AbortSignal | undefined;
}

/** All of them, or none: each has the images of its own for different platforms. */
export async function addNames(
  layout: string,
  names: ReadonlyMap<string, readonly Descriptor[]>,
  { fsync, signal }: NameOptions & { readonly fsync: boolean },
): Promise<void> {
  const change = (index: ImageIndex) => ({
    ...index,
    manifests: [
      ...index.manifests.filter((other) => !isNamed(other, names)),
      ...[...names].flatMap(([name, descriptors]) => descriptors.map((descriptor) => named(descriptor, name))),
    ],
  });
  await changeIndexFile(layout, change, { fsync, signal });
}

function isNamed(entry: Descriptor, names: ReadonlyMap<string, unknown>): boolean {
  const name = nameOf(entry);
  return name !== undefined && names.has(name);
}

/** Throws NAME_UNKNOWN. */
export async function removeName(
  layout: string,
  name: string,
  { fsync, signal }: NameOptions & { readonly fsync: boolean },
): Promise<void> {
  const change = (index: ImageIndex) => {
    const manifests = index.manifests.filter((entry) => nameOf(entry) !== name);
    if (manifests.length === index.manifests.length) throw unknown(name, index.manifests, layout);
    return { ...index, manifests };
  };
  await changeIndexFile(layout, change, { fsync, signal });
}

function unknown(name: string, manifests: readonly Descriptor[], directory: string): ImageSpecError {
  const names = manifests.flatMap((entry) => nameOf(entry) ?? []);
  const known =
    names.length === 0
      ? 'there are no names'
      : `there are ${names.slice(0, 10).join(', ')}${names.length > 10 ? '…' : ''}`;
  return new ImageSpecError('NAME_UNKNOWN', `cannot find image ${JSON.stringify(name)} in ${directory}: ${known}`);
}
