import { createReadStream } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { BlobSource } from '../blob-source.ts';
import { ImageSpecError } from '../error.ts';
import { Verifier } from '../verifier.ts';
import { type BlobFile, blobFiles, isUnchanged } from './blob-files.ts';
import { checkHeader } from './header.ts';
import { readIndexFile, readIndexText } from './index-file.ts';
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
  const index = await attempt('index.json', () => {
    if (readIndexText(directory) !== undefined) return readIndexFile(directory);
    throw new ImageSpecError('LAYOUT_INVALID', `cannot find index.json in ${directory}, which every layout has`);
  });
  return [
    ...header.problems,
    ...blobs,
    ...index.problems,
    ...(index.value === undefined ? [] : await checkReferences(layout, index.value, options)),
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
    const problem = await blobProblem(file, signal);
    if (problem === undefined) continue;
    // What merely could not be read, for too many open files perhaps, may be as good as any.
    const removed = remove && problem.kind === 'blob-wrong' && (await removeWrong(directory, file, signal));
    problems.push({ ...problem, path: relative(directory, file.path), digest: file.digest, removed });
  }
  for (const path of strays) {
    if (remove) await rm(path, { recursive: true, force: true });
    const message = 'it is not a file that is named by its digest';
    problems.push({ kind: 'stray-file', path: relative(directory, path), message, removed: remove });
  }
  return problems;
}

async function blobProblem(
  { digest, path }: BlobFile,
  signal: AbortSignal | undefined,
): Promise<Pick<LayoutProblem, 'kind' | 'message'> | undefined> {
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
    const { code, message } = error as NodeJS.ErrnoException;
    // Pruned meanwhile.
    if (code === 'ENOENT') return undefined;
    return { kind: code === 'DIGEST_MISMATCH' ? 'blob-wrong' : 'blob-unread', message };
  }
}

/** Unless a right one has come in its place. */
async function removeWrong(directory: string, file: BlobFile, signal: AbortSignal | undefined): Promise<boolean> {
  await using _ = await acquire(layoutLockPath(directory), { signal });
  if (!(await isUnchanged(file))) return false;
  await rm(file.path, { force: true });
  return true;
}
