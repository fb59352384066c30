/**
 * What Docker writes since version 25 is an image layout and a docker-archive about the same blobs. They have to tell of the same
 * images, with the same layers in the same order, by the same names: one program reads this form, another that.
 *
 *     index.json       name, or nothing -> manifest, or index of manifests -> config, layers
 *     manifest.json    names, or none   -> config, layers                     of an index only the best for one platform
 *
 * Where one form tells no names of an image, those of the other count. What contradicts itself has been written by Docker, too:
 * https://github.com/moby/moby/issues/47150 and https://github.com/moby/moby/issues/51389
 */
import type { Digest } from '../digest.ts';
import { ImageSpecError } from '../error.ts';
import { parseReference } from '../reference.ts';
import type { ArchivedImage } from './archived-image.ts';
import type { Contents } from './contents.ts';
import { dockerEntries, dockerManifestFile } from './docker-images.ts';
import { shown } from './member-name.ts';
import { invalid } from './members.ts';
import { imageManifests, indexFile, promisedDigest } from './oci-images.ts';

/** The images of the layout, with their names. Throws ARCHIVE_INVALID where the forms differ. */
export async function bothForms(contents: Contents, images: readonly ArchivedImage[]): Promise<ArchivedImage[]> {
  const listed: Listed[] = [];
  for (const image of images) listed.push({ ...image, stacks: await stacksOf(contents, image) });
  const told = await dockerTags(contents, new Set(listed.flatMap(({ stacks }) => [...stacks])));
  for (const image of listed) checkListed(contents, image, told);
  return namedByBoth(contents, listed, told);
}

/** A config and its layers, as text to compare. */
type Stack = string;

interface Listed extends ArchivedImage {
  readonly stacks: ReadonlySet<Stack>;
}

type Told = ReadonlyMap<Stack, ReadonlySet<string>>;

async function stacksOf(contents: Contents, image: ArchivedImage): Promise<Set<Stack>> {
  const manifests = await imageManifests(contents, image);
  return new Set(manifests.map(({ config, layers }) => stackOf([config, ...layers].map(({ digest }) => digest))));
}

function stackOf(digests: readonly Digest[]): Stack {
  return digests.join(' ');
}

async function dockerTags(contents: Contents, known: ReadonlySet<Stack>): Promise<Told> {
  const configs = new Set([...known].map((stack) => stack.split(' ')[0]));
  const told = new Map<Stack, Set<string>>();
  const digestOf = measuring(contents);
  for (const { Config, RepoTags, Layers } of await dockerEntries(contents)) {
    const config = await digestOf(Config);
    if (!configs.has(config))
      throw differ(contents, `${dockerManifestFile} names ${shown(Config)}, of which ${indexFile} does not know`);
    const stack = stackOf([config, ...(await layersOf(Layers ?? [], digestOf))]);
    if (!known.has(stack))
      throw differ(contents, `${dockerManifestFile} gives ${shown(Config)} other layers than ${indexFile}`);
    const tags = told.get(stack) ?? new Set();
    for (const tag of RepoTags ?? []) tags.add(tag);
    told.set(stack, tags);
  }
  return told;
}

/** Each member once, however often it is named. */
function measuring(contents: Contents): (name: string) => Promise<Digest> {
  const digests = new Map<string, Digest>();
  return async (name) => {
    const digest = digests.get(name) ?? (await (await contents.member(name)).digest());
    digests.set(name, digest);
    return digest;
  };
}

async function layersOf(names: readonly string[], digestOf: (name: string) => Promise<Digest>): Promise<Digest[]> {
  const digests: Digest[] = [];
  // A name that is a digest is believed, as that of a blob: whoever reads it verifies, and it may be elsewhere.
  for (const name of names) digests.push(promisedDigest(name) ?? (await digestOf(name)));
  return digests;
}

function checkListed(contents: Contents, { descriptor, names, stacks }: Listed, told: Told): void {
  const found = [...stacks].filter((stack) => told.has(stack));
  // None of its platforms is there, or it is no image.
  if (stacks.size === 0) return;
  if (found.length === 0)
    throw differ(contents, `${indexFile} has ${descriptor.digest}, of which ${dockerManifestFile} does not know`);
  const tags = new Set(found.flatMap((stack) => [...(told.get(stack) ?? [])].flatMap(toldAs)));
  const unknown = tags.size === 0 ? undefined : names.find((name) => !listedAs(name).some((text) => tags.has(text)));
  if (unknown !== undefined) throw nameDiffers(contents, unknown, indexFile, dockerManifestFile);
}

function namedByBoth(contents: Contents, listed: readonly Listed[], told: Told): ArchivedImage[] {
  const all = listed.map((image) => ({
    ...image,
    texts: new Set(image.names.flatMap(listedAs)),
    adopted: new Set<string>(),
  }));
  const taken = new Set(listed.flatMap(({ names }) => names.map(fullName)));
  for (const [stack, tags] of told) {
    const images = all.filter(({ stacks }) => stacks.has(stack));
    for (const tag of tags) {
      if (images.some(({ texts }) => toldAs(tag).some((text) => texts.has(text)))) continue;
      const nameless = taken.has(fullName(tag)) ? [] : images.filter(({ names }) => names.length === 0);
      if (nameless.length === 0) throw nameDiffers(contents, tag, dockerManifestFile, indexFile);
      for (const { adopted } of nameless) adopted.add(tag);
    }
  }
  return all.map(({ descriptor, names, adopted }) => ({ descriptor, names: [...names, ...adopted] }));
}

/** How a name of `index.json` may be spelled: in full, or as the tag alone, which not everybody writes out. */
function listedAs(name: string): string[] {
  return [fullName(name), name];
}

/** The same of `manifest.json`, where it has a tag. */
function toldAs(name: string): string[] {
  const full = fullName(name);
  const [, tag] = /:([^:/@]+)$/.exec(full) ?? [];
  return tag === undefined ? [full] : [full, tag];
}

/** What is no name of an image is itself. */
function fullName(name: string): string {
  try {
    return `${parseReference(name)}`;
  } catch (error) {
    if (error instanceof ImageSpecError) return name;
    throw error;
  }
}

function nameDiffers(contents: Contents, name: string, here: string, there: string): ImageSpecError {
  return differ(contents, `${here} calls an image ${shown(name)}, and ${there} does not`);
}

function differ({ place }: Contents, why: string): ImageSpecError {
  return invalid(place, `${why}; say by format which one counts`);
}
