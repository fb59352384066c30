import { whereTo } from './redirect.ts';
import type { RequestBody } from './request-body.ts';
import type { Action } from './scopes.ts';
import type { Answer, Transport } from './transport.ts';
import type { UploadRequest } from './upload.ts';

export interface SentUpload {
  readonly method: 'GET' | 'PATCH' | 'PUT' | 'DELETE';
  readonly location: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  readonly accept?: readonly number[];
  readonly signal?: AbortSignal;
}

const actions: readonly Action[] = ['pull', 'push'];

/**
 * What was sent may still be on its way when it has left us, and registries answer only when they have stored it where it is
 * to stay, which for some is far away.
 */
const storedPerMillisecond = 1000;

/** One request of a session. The answer has been read to its end. */
export async function sendUpload(
  transport: Transport,
  { reference: { registry, repository }, content: { descriptor }, signal }: UploadRequest,
  sent: SentUpload,
): Promise<Answer> {
  const answer = await transport.sendOnce({
    registry,
    repository,
    path: '',
    actions,
    patience: sent.method === 'PUT' ? descriptor.size / storedPerMillisecond : 0,
    what: `push blob ${descriptor.digest} to ${registry}/${repository}`,
    signal,
    ...sent,
  });
  await transport.http.drain(answer.response, answer.url);
  return answer;
}

/** What registries answer that know no PATCH. */
export const noPieces: readonly number[] = [405, 501];

/** Where the session goes on: relative, or anywhere; but not out of TLS. */
export function locationOf({ response, url }: Answer): URL | undefined {
  const { location } = response.headers;
  return location === undefined ? undefined : whereTo(url, location);
}

/** How many bytes the registry has: `Range: 0-99` is a hundred. */
export function acceptedBy({ response }: Answer): number | undefined {
  const [, last] = /^(?:bytes=)?0-(\d{1,15})$/.exec(String(response.headers.range ?? '')) ?? [];
  return last === undefined ? undefined : Number(last) + 1;
}
