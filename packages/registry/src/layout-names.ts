import { type Descriptor, type Digest, type ImageLayout, readDocument } from '@estiba/image-spec';
import { type Catalog, ignoreMissing, storedManifest } from './catalog.ts';
import { isServable, splitName } from './names.ts';
import { isAboutDocument } from './refusal.ts';
import type { LentBlob, Repository, StoredManifest } from './repository.ts';

/** What a registry writes down, so that the next one finds it. */
export interface Names {
  /** A manifest was taken. `repository` is as it was before. */
  put(name: string, repository: Repository, manifest: StoredManifest, tags: readonly string[]): Promise<void>;
  removeTag(name: string, repository: Repository, tag: string): Promise<void>;
  /** With its tags. */
  remove(name: string, repository: Repository, digest: Digest): Promise<void>;
}

/**
 * Repositories, tags and manifests as names of an image layout, where other tools and `prune` see them:
 *
 *     demo/app:1                a tag
 *     demo/app@sha256:1234…     a manifest without a tag, such as one platform's of an index
 *
 * Which blobs a repository has, and what refers to what, the manifests say themselves.
 * https://github.com/opencontainers/image-spec/blob/main/annotations.md
 */
export function layoutNames(layout: ImageLayout): Names {
  return {
    async put(name, repository, { bytes, descriptor }, tags) {
      const { digest, mediaType } = descriptor;
      await using lease = await layout.lease();
      await layout.write(bytes, { mediaType, expect: { digest }, lease });
      for (const tag of tags) {
        await keepReplaced(layout, name, repository, tag, digest);
        await layout.tag(`${name}:${tag}`, descriptor);
      }
      if (tags.length === 0 && repository.tagsOf(digest).length === 0)
        await layout.tag(`${name}@${digest}`, descriptor);
    },
    async removeTag(name, repository, tag) {
      await keepReplaced(layout, name, repository, tag, undefined);
      await forget(layout, `${name}:${tag}`);
    },
    async remove(name, repository, digest) {
      for (const tag of repository.tagsOf(digest)) await forget(layout, `${name}:${tag}`);
      await forget(layout, `${name}@${digest}`);
    },
  };
}

/** Nothing is written down. */
export const noNames: Names = {
  async put() {},
  async removeTag() {},
  async remove() {},
};

/** Everything that has a name in a layout by which it can be asked for. What is no manifest only a lenient registry has. */
export async function loadNames(layout: ImageLayout, catalog: Catalog, { lenient = false } = {}): Promise<void> {
  for await (const { name, descriptor } of layout.images()) {
    const { repository, tag } = splitName(name);
    if (!isServable(repository, tag)) continue;
    const tags = tag === undefined ? [] : [tag];
    const lent = { source: layout, descriptor: withoutName(descriptor) };
    try {
      await catalog.take(repository, lent, { tags, as: () => 'stored' });
    } catch (caught) {
      const error = caught as { code?: string };
      if (!isAboutDocument(error)) ignoreMissing(error);
      else if (lenient) await takeAnything(catalog.open(repository), lent, tags);
    }
  }
}

async function takeAnything(repository: Repository, { source, descriptor }: LentBlob, tags: string[]): Promise<void> {
  repository.put(storedManifest(await readDocument(source, descriptor), descriptor), tags);
}

/** A manifest outlives its last tag. */
async function keepReplaced(
  layout: ImageLayout,
  name: string,
  repository: Repository,
  tag: string,
  digest: Digest | undefined,
): Promise<void> {
  const replaced = repository.manifest(tag)?.descriptor;
  if (replaced === undefined || replaced.digest === digest || repository.tagsOf(replaced.digest).length > 1) return;
  await layout.tag(`${name}@${replaced.digest}`, replaced);
}

async function forget(layout: ImageLayout, name: string): Promise<void> {
  await layout.untag(name).catch((error: { code?: string }) => {
    if (error.code !== 'NAME_UNKNOWN') throw error;
  });
}

function withoutName({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}
