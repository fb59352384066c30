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

export function named(descriptor: Descriptor, name: string): Descriptor {
  return { ...descriptor, annotations: { ...descriptor.annotations, [nameAnnotation]: name } };
}

/** Throws NAME_UNKNOWN, PLATFORM_MISSING. */
export function findName(layout: string, name: string, platform: Platform | undefined): Descriptor {
  const { manifests } = readIndexFile(layout);
  const found = manifests.filter((entry) => nameOf(entry) === name || (isDigest(name) && entry.digest === name));
  const [first] = found;
  if (first === undefined) throw unknown(name, manifests, layout);
  // The specification allows one name for several platforms.
  return found.length === 1 ? first : selectPlatform({ manifests: found }, platform);
}

export interface NameOptions {
  readonly signal?: AbortSignal | undefined;
}

export async function addName(
  layout: string,
  name: string,
  descriptors: readonly Descriptor[],
  { fsync, signal }: NameOptions & { readonly fsync: boolean },
): Promise<void> {
  const change = (index: ImageIndex) => ({
    ...index,
    manifests: [
      ...index.manifests.filter((other) => nameOf(other) !== name),
      ...descriptors.map((descriptor) => named(descriptor, name)),
    ],
  });
  await changeIndexFile(layout, change, { fsync, signal });
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
