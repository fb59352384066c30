import type { Digest, Reference } from '@estiba/image-spec';
import { digestAlgorithm } from '@estiba/image-spec';
import type { Content } from './content.ts';
import { RegistryError } from './error.ts';
import type { RequestBody } from './request-body.ts';
import { retrying } from './retry.ts';
import { type Action, repositoryScope } from './scopes.ts';
import type { Answer, RepositoryRequest, Transport } from './transport.ts';
import { UploadSession } from './upload-session.ts';

export interface UploadRequest {
  readonly reference: Reference;
  readonly content: Content;
  /** Repositories of the same registry that may have the blob, the likeliest first. */
  readonly mountFrom: readonly string[];
  /** Send pieces of so many bytes, a request each; without, one request for all. */
  readonly chunkBytes: number | undefined;
  /** Blobs of up to so many bytes are offered to the registry with the first request. */
  readonly singlePostBytes: number;
  readonly signal: AbortSignal;
  /** `resumed` is where the last attempt went on. */
  readonly report: (done: number, resumed: number) => void;
}

export type Uploaded = 'exists' | 'mounted' | 'complete';

/**
 * A blob into a repository, unless it is there or can be had from another repository.
 *
 *     HEAD  blobs/<digest>                        200  it is there
 *     POST  blobs/uploads/?mount=<digest>&from=x  201  it was mounted
 *     POST  blobs/uploads/                        202  Location: <session>, OCI-Chunk-Min-Length
 *
 *     PUT   <session>?digest=   all of it         201  at once
 *
 *     PATCH <session>  Content-Range: 0-99        202  Location: <session>, Range: 0-99
 *     PUT   <session>?digest=                     201  in pieces, or what a broken connection left over:
 *     GET   <session>                             204  Location: <session>, Range: 0-56
 *
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-blobs
 */
export async function upload(transport: Transport, request: UploadRequest): Promise<Uploaded> {
  const { signal } = request;
  let session: UploadSession | undefined;
  let accepted = 0;
  const attempt = async (): Promise<Uploaded> => {
    const before = session;
    if (session === undefined || !(await session.resume())) {
      const { reference, content } = request;
      // What was sent may have arrived, and only the answer got lost.
      if (await hasBlob(transport, reference, content.descriptor.digest, { signal, actions: writing }))
        return before ? 'complete' : 'exists';
      const begun = await begin(transport, request);
      if (!(begun instanceof UploadSession)) return begun;
      session = begun;
    }
    try {
      await session.finish();
    } finally {
      accepted = Math.max(accepted, session.accepted);
    }
    return 'complete';
  };
  try {
    return await retrying(attempt, { ...transport.retry, signal, progress: () => accepted });
  } catch (error) {
    await session?.cancel();
    throw error;
  }
}

/** Whether the repository has the blob. Mirrors are asked only where nothing but reading is meant. */
export async function hasBlob(
  transport: Transport,
  { registry, repository }: Reference,
  digest: Digest,
  { signal, actions = ['pull'] }: { signal?: AbortSignal | undefined; actions?: readonly Action[] } = {},
): Promise<boolean> {
  const what = `look for blob ${digest} in ${registry}/${repository}`;
  const path = `blobs/${digest}`;
  const accept = [404];
  const answer = await emptied(transport, {
    registry,
    repository,
    method: 'HEAD',
    path,
    accept,
    actions,
    what,
    signal,
  });
  return answer.response.statusCode !== 404;
}

const writing: readonly Action[] = ['pull', 'push'];

async function begin(transport: Transport, request: UploadRequest): Promise<UploadSession | Uploaded> {
  for (const from of request.mountFrom) {
    const answer = await mount(transport, request, from);
    if (answer?.response.statusCode === 201) return 'mounted';
    if (answer !== undefined) return new UploadSession(transport, request, answer);
  }
  const { descriptor } = request.content;
  const query = new URLSearchParams();
  if (digestAlgorithm(descriptor.digest) !== 'sha256')
    query.set('digest-algorithm', digestAlgorithm(descriptor.digest));
  if (descriptor.size > request.singlePostBytes) {
    return new UploadSession(transport, request, await post(transport, request, query));
  }
  query.set('digest', descriptor.digest);
  const body = {
    size: descriptor.size,
    stream: () => request.content.read(0, descriptor.size),
    transfer: request.content.isPrivate,
  };
  const answer = await post(transport, request, query, body);
  // 202 where it takes no content with the first request.
  return answer.response.statusCode === 201 ? 'complete' : new UploadSession(transport, request, answer);
}

/** Nothing where the registry will not hear of it: a plain upload can still do. */
async function mount(transport: Transport, request: UploadRequest, from: string): Promise<Answer | undefined> {
  const { reference, content, signal } = request;
  const { registry, repository } = reference;
  const { digest } = content.descriptor;
  const path = `blobs/uploads/?${new URLSearchParams({ mount: digest, from })}`;
  const scopes = [repositoryScope(from, ['pull'])];
  const what = `mount blob ${digest} of ${from} in ${registry}/${repository}`;
  try {
    return await emptied(transport, {
      registry,
      repository,
      method: 'POST',
      path,
      body: '',
      actions: writing,
      scopes,
      what,
      signal,
    });
  } catch (error) {
    if (error instanceof RegistryError && error.status !== undefined && error.status < 500 && !error.retryable)
      return undefined;
    throw error;
  }
}

async function post(
  transport: Transport,
  { reference, content, signal }: UploadRequest,
  query: URLSearchParams,
  body?: RequestBody,
): Promise<Answer> {
  const { registry, repository } = reference;
  const path = `blobs/uploads/${query.size > 0 ? `?${query}` : ''}`;
  const what = `push blob ${content.descriptor.digest} to ${registry}/${repository}`;
  // Content-Length: 0 is wanted of a POST that has none.
  const headers = body === undefined ? {} : { 'content-type': 'application/octet-stream' };
  return emptied(transport, {
    registry,
    repository,
    method: 'POST',
    path,
    headers,
    body: body ?? '',
    actions: writing,
    what,
    signal,
  });
}

async function emptied(transport: Transport, request: RepositoryRequest): Promise<Answer> {
  const answer = await transport.sendOnce(request);
  await transport.http.drain(answer.response, answer.url);
  return answer;
}
