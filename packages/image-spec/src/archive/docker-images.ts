/**
 * What `docker save` writes. Layers are tars, as a rule uncompressed, and the digest of the config is the id of the image.
 *
 *     manifest.json        [{ "Config": "<id>.json", "RepoTags": ["name:tag"], "Layers": ["<layer>/layer.tar"] }]
 *     <id>.json            or blobs/sha256/<id>, since Docker 25
 *     <layer>/layer.tar    or a symbolic link to that of another image
 *
 * There is no OCI manifest: one is made, always the same of the same archive, around config and layers as they are.
 * https://github.com/moby/docker-image-spec/blob/main/v1.2.md#combined-image-json--filesystem-changeset-format
 */
import { z } from 'zod';
import { type Descriptor, describe } from '../descriptor.ts';
import type { Digest } from '../digest.ts';
import { parseImageConfig, parseJsonValue, validate } from '../document.ts';
import { ImageSpecError } from '../error.ts';
import { lazySchema } from '../lazy-schema.ts';
import { mediaTypes } from '../media-types.ts';
import type { ArchivedImage } from './archived-image.ts';
import { compressionOf } from './compression.ts';
import type { Contents } from './contents.ts';
import { shown } from './member-name.ts';
import { invalid } from './members.ts';

export interface DockerImage extends ArchivedImage {
  readonly config: Digest;
  /** The manifest that was made. */
  readonly manifest: Buffer;
}

export const dockerManifestFile = 'manifest.json';

/** What `manifest.json` says, without looking at what it names. Throws ARCHIVE_INVALID, DOCUMENT_INVALID. */
export async function dockerEntries(contents: Contents): Promise<DockerEntry[]> {
  const name = `${dockerManifestFile} of ${contents.place}`;
  return validate(DockerEntries, parseJsonValue(await contents.document(dockerManifestFile), name), name);
}

export async function dockerImages(contents: Contents): Promise<DockerImage[]> {
  const images: DockerImage[] = [];
  const known: Known = { configs: new Map(), images: new Map() };
  for (const entry of await dockerEntries(contents)) {
    images.push({ ...(await dockerImage(contents, entry, known)), names: entry.RepoTags ?? [] });
  }
  return images;
}

/** Each is read once: an archive may name the same a hundred thousand times. */
interface Known {
  readonly configs: Map<string, Config>;
  readonly images: Map<string, UnnamedImage>;
}

interface Config {
  readonly descriptor: Descriptor;
  readonly diffIds: readonly Digest[];
}

type UnnamedImage = Omit<DockerImage, 'names'>;

const DockerEntry = lazySchema(() =>
  z.looseObject({
    Config: z.string().min(1),
    RepoTags: z.array(z.string()).nullish(),
    Layers: z.array(z.string()).nullish(),
  }),
);
const DockerEntries = lazySchema(() => z.array(DockerEntry).min(1, 'there is no image'));
export type DockerEntry = z.infer<typeof DockerEntry>;

async function dockerImage(contents: Contents, entry: DockerEntry, known: Known): Promise<UnnamedImage> {
  const key = JSON.stringify([entry.Config, entry.Layers]);
  const image = known.images.get(key) ?? (await makeImage(contents, entry, known));
  known.images.set(key, image);
  return image;
}

async function makeImage(contents: Contents, { Config, Layers }: DockerEntry, known: Known): Promise<UnnamedImage> {
  const { descriptor: config, diffIds } = known.configs.get(Config) ?? (await readConfig(contents, Config));
  known.configs.set(Config, { descriptor: config, diffIds });
  const names = Layers ?? [];
  if (names.length !== diffIds.length) {
    throw invalid(contents.place, `${shown(Config)} has ${diffIds.length} diff ids for ${names.length} layers`);
  }
  const layers: Descriptor[] = [];
  for (const [height, name] of names.entries()) layers.push(await layerOf(contents, name, diffIds[height] as Digest));
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers }));
  return { descriptor: describe(manifest, mediaTypes.manifest), config: config.digest, manifest };
}

async function readConfig(contents: Contents, name: string): Promise<Config> {
  const bytes = await contents.document(name);
  const descriptor = describe(bytes, mediaTypes.config);
  await (await contents.member(name)).digest(descriptor.digest);
  return { descriptor, diffIds: parseImageConfig(bytes).rootfs.diff_ids };
}

async function layerOf(contents: Contents, name: string, diffId: Digest): Promise<Descriptor> {
  const member = await contents.member(name);
  const compression = compressionOf(member.start);
  const mediaType = layerTypes.get(compression);
  if (mediaType === undefined) {
    const why = `layer ${shown(name)} is compressed with ${compression}, which no image may be`;
    throw new ImageSpecError('ARCHIVE_COMPRESSED', `cannot read ${contents.place}: ${why}`);
  }
  // Of a compressed layer the config does not tell the digest.
  const digest = await member.digest(compression === 'none' ? diffId : undefined);
  return { mediaType, digest, size: member.size };
}

const layerTypes = new Map<string, string>([
  ['none', mediaTypes.layer],
  ['gzip', mediaTypes.layerGzip],
  ['zstd', mediaTypes.layerZstd],
]);
