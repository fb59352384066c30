import { createReadStream } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { BlobSource } from '../blob-source.ts';
import { Verifier } from '../verifier.ts';
import { type BlobFile, blobFiles, isUnchanged } from './blob-files.ts';
import { checkHeader } from './header.ts';
import { readIndexFile } from './index-file.ts';
import type { LayoutProblem } from './layout-problem.ts';
import { acquire } from './lock.ts';
import { layoutLockPath } from './places.ts';
import { checkReferences } from './references.ts';

export interface FsckOptions {
  /** Remove wrong blobs and stray files. What names them stays, for a pull to complete. */
  readonly remove?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Reads everything. An index of which only some platforms are there is no problem. */
export async function checkLayout(
  layout: BlobSource & { readonly directory: string },
  options: FsckOptions = {},
): Promise<LayoutProblem[]> {
  const { directory } = layout;
  const header = await attempt('oci-layout', async () =>
    checkHeader(await readFile(join(directory, 'oci-layout')), directory),
  );
  const blobs = await checkBlobs(directory, options);
  const index = await attempt('index.json', () => readIndexFile(directory));
  return [
    ...header.problems,
    ...blobs,
    ...index.problems,
    ...(index.value === undefined ? [] : await checkReferences(layout, index.value)),
  ];
}

interface Attempt<T> {
  readonly value?: T;
  readonly problems: LayoutProblem[];
}

async function attempt<T>(path: string, read: () => T | Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await read(), problems: [] };
  } catch (error) {
    return { problems: [{ kind: 'layout-invalid', path, message: (error as Error).message, removed: false }] };
  }
}

async function checkBlobs(directory: string, { remove = false, signal }: FsckOptions): Promise<LayoutProblem[]> {
  const problems: LayoutProblem[] = [];
  const strays: string[] = [];
  for await (const file of blobFiles(directory, (path) => strays.push(path))) {
    const message = await blobProblem(file, signal);
    if (message === undefined) continue;
    const removed = remove && (await removeWrong(directory, file, signal));
    problems.push({ kind: 'blob-wrong', path: relative(directory, file.path), digest: file.digest, message, removed });
  }
  for (const path of strays) {
    if (remove) await rm(path, { recursive: true, force: true });
    const message = 'it is not a file that is named by its digest';
    problems.push({ kind: 'stray-file', path: relative(directory, path), message, removed: remove });
  }
  return problems;
}

async function blobProblem({ digest, path }: BlobFile, signal: AbortSignal | undefined): Promise<string | undefined> {
  const verifier = new Verifier({ digest });
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
      signal?.throwIfAborted();
      verifier.update(chunk);
    }
    verifier.finish();
    return undefined;
  } catch (error) {
    signal?.throwIfAborted();
    // Pruned meanwhile.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : (error as Error).message;
  }
}

/** Unless a right one has come in its place. */
async function removeWrong(directory: string, file: BlobFile, signal: AbortSignal | undefined): Promise<boolean> {
  await using _ = await acquire(layoutLockPath(directory), { signal });
  if (!(await isUnchanged(file))) return false;
  await rm(file.path, { force: true });
  return true;
}
