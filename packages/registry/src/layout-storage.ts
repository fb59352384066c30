import { stat } from 'node:fs/promises';
import {
  type BlobWriter,
  type Digest,
  digestAlgorithm,
  type ImageLayout,
  type Lease,
  mediaTypes,
} from '@estiba/image-spec';
import type { Storage } from './storage.ts';

/**
 * Blobs in an OCI image layout on disk. Those that no manifest leads to yet are leased, so that a `prune`, by whatever process,
 * leaves them; those that none leads to any more it removes.
 */
export function layoutStorage(layout: ImageLayout): Storage {
  const leases = new Map<Digest, Lease>();
  const giveUp = async (digest: Digest) => {
    const lease = leases.get(digest);
    leases.delete(digest);
    await lease?.[Symbol.asyncDispose]();
  };
  /** What is another content than its digest says leaves nothing, and what waits under that digest as it was. */
  const leased = async (digest: Digest, commit: () => Promise<unknown>) => {
    const lease = await layout.lease();
    try {
      await lease.add(digest);
      await commit();
    } catch (error) {
      await lease[Symbol.asyncDispose]();
      throw error;
    }
    await giveUp(digest);
    leases.set(digest, lease);
  };
  const commits = new Set<Promise<void>>();
  const until = (commit: Promise<void>) => {
    commits.add(commit);
    return commit.finally(() => commits.delete(commit));
  };
  return {
    size: (digest) => sizeOf(layout, digest),
    open: (digest, size, start) => layout.blob({ mediaType: mediaTypes.layer, digest, size }, { start }),
    async writer(digest) {
      const writer = await layout.writer(digest === undefined ? {} : { digest });
      const algorithm = digest === undefined ? 'sha256' : digestAlgorithm(digest);
      return {
        get size() {
          return writer.size;
        },
        write: (chunk) => writer.write(chunk),
        commit(expected: Digest) {
          const commit =
            digestAlgorithm(expected) === algorithm
              ? () => writer.commit({ digest: expected })
              : () => commitAgain(layout, writer, expected);
          return until(leased(expected, commit));
        },
        abort: () => writer.abort(new Error('the upload was cancelled')),
      };
    },
    async settle(digests) {
      for (const digest of digests) await giveUp(digest);
    },
    release: giveUp,
    async close() {
      // A connection that is closed does not stop what it has begun.
      await Promise.allSettled(commits);
      for (const digest of leases.keys()) await giveUp(digest);
    },
  };
}

/**
 * A blob that turns out to be named by another algorithm than the one it was measured with is measured once more. What it is
 * called by the first one stays beside it, as somebody else may have had it.
 */
async function commitAgain(layout: ImageLayout, writer: BlobWriter, expected: Digest): Promise<void> {
  const { size } = writer;
  const following = layout.write(writer.follow(), { expect: { digest: expected, size } });
  await Promise.allSettled([following, writer.commit()]);
  await following;
}

async function sizeOf(layout: ImageLayout, digest: Digest): Promise<number | undefined> {
  const file = await stat(layout.path(digest)).catch(() => undefined);
  return file?.isFile() ? file.size : undefined;
}
