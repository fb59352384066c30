import type { Descriptor, Digest, ImageLayout } from '@estiba/image-spec';
import { type Catalog, ignoreMissing } from './catalog.ts';
import { splitName } from './names.ts';
import type { Repository, StoredManifest } from './repository.ts';

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

/** Everything that has a name in a layout. */
export async function loadNames(layout: ImageLayout, catalog: Catalog): Promise<void> {
  for await (const { name, descriptor } of layout.images()) {
    const { repository, tag } = splitName(name);
    const lent = { source: layout, descriptor: withoutName(descriptor) };
    await catalog
      .take(repository, lent, { tags: tag === undefined ? [] : [tag], as: () => 'stored' })
      .catch(ignoreMissing);
  }
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
