import type { IncomingMessage } from 'node:http';
import { RegistryError, type RegistryErrorCode } from './error.ts';
import type { Http } from './http.ts';
import { readAll } from './read-all.ts';
import { parseRetryAfter } from './retry.ts';

const most = 64 * 1024;
const passing = new Set([408, 425, 429, 499, 500, 502, 503, 504, 522]);

/** The error that an answer stands for. `what` is what was attempted: `read manifest docker.io/library/alpine:3.20`. */
export async function refusal(http: Http, response: IncomingMessage, url: URL, what: string): Promise<RegistryError> {
  const status = response.statusCode ?? 0;
  const body = await readAll(http.body(response, url), most, url).catch(() => Buffer.alloc(0));
  const sent = sentError(body);
  const code = sent.code ?? codeOf(status, url);
  // Large registries answer 403 where 429 is meant.
  const limited = status === 403 && /rate limit/i.test(body.toString());
  const parts = [`cannot ${what}: ${code}`, sent.message, `status ${status}${hint(status)}`];
  return new RegistryError(code, parts.filter(Boolean).join(', '), {
    url,
    status,
    retryable: passing.has(status) || limited,
    retryAfter: parseRetryAfter(response.headers['retry-after']),
  });
}

/** The first error of the list that the specification describes; some send HTML, or nothing. */
function sentError(body: Buffer): { code?: RegistryErrorCode; message?: string } {
  try {
    const { code, message } = JSON.parse(body.toString()).errors[0];
    return {
      ...(typeof code === 'string' && /^[A-Z_]{1,64}$/.test(code) ? { code } : {}),
      ...(typeof message === 'string' ? { message: printable(message) } : {}),
    };
  } catch {
    return {};
  }
}

function codeOf(status: number, url: URL): RegistryErrorCode {
  if (status === 401) return 'UNAUTHORIZED';
  if (status === 403) return 'DENIED';
  if (status === 404) return url.pathname.includes('/blobs/') ? 'BLOB_UNKNOWN' : 'MANIFEST_UNKNOWN';
  if (status === 429) return 'TOOMANYREQUESTS';
  return status >= 500 ? 'UNAVAILABLE' : 'UNEXPECTED';
}

function hint(status: number): string {
  return status === 401 ? '; give `credentials`, such as dockerCredentials()' : '';
}

// An error goes to terminals and logs; a registry does not get to send escape sequences there.
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 300);
}
