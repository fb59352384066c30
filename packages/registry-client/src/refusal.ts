import type { IncomingMessage } from 'node:http';
import { RegistryError, type RegistryErrorCode } from './error.ts';
import type { Http } from './http.ts';
import { printable } from './printable.ts';
import { parseRetryAfter } from './retry.ts';

const most = 64 * 1024;
const passing = new Set([408, 425, 429, 499, 500, 502, 503, 504, 522]);

export interface Refused {
  /** What was attempted: `read manifest docker.io/library/alpine:3.20`. */
  readonly what: string;
  /** Each Authorization that was sent, also before the last: a server may send it back. */
  readonly sent?: readonly (string | undefined)[];
}

/** The error that an answer stands for. */
export async function refusal(
  http: Http,
  { response, url }: { response: IncomingMessage; url: URL },
  { what, sent = [] }: Refused,
): Promise<RegistryError> {
  const status = response.statusCode ?? 0;
  const body = await http.readAll(response, url, most).catch(() => Buffer.alloc(0));
  const told = sentError(body.toString(), sent);
  const code = told.code ?? codeOf(status, url);
  // Large registries answer 403 where 429 is meant.
  const limited = status === 403 && /rate limit/i.test(body.toString());
  const parts = [`cannot ${what}: ${code}`, told.message, `status ${status}${hint(status)}`];
  return new RegistryError(code, parts.filter(Boolean).join(', '), {
    url,
    status,
    retryable: passing.has(status) || limited,
    retryAfter: parseRetryAfter(response.headers['retry-after']),
  });
}

/** The first error of the list that the specification describes; some send HTML, or nothing. */
function sentError(body: string, sent: Refused['sent'] = []): { code?: RegistryErrorCode; message?: string } {
  try {
    const { code, message } = JSON.parse(body).errors[0];
    // As it was meant: a secret can be written in many ways in JSON.
    return {
      ...(typeof code === 'string' && /^[A-Z_]{1,64}$/.test(hide(code, sent)) ? { code } : {}),
      ...(typeof message === 'string' ? { message: printable(hide(message, sent)) } : {}),
    };
  } catch {
    return {};
  }
}

/** Without what proves who we are: the token, or the password as it was sent and as it was typed. */
function hide(body: string, sent: readonly (string | undefined)[]): string {
  const secrets = sent.flatMap(secretsOf).filter(Boolean);
  // As it would stand in JSON, too.
  const all = [...secrets, ...secrets.map((secret) => JSON.stringify(secret).slice(1, -1))];
  return all.reduce((text, secret) => text.replaceAll(secret, '…'), body);
}

function secretsOf(authorization = ''): string[] {
  const [scheme, sent = ''] = authorization.split(' ');
  const typed = scheme === 'Basic' ? Buffer.from(sent, 'base64').toString() : '';
  return [sent, typed, typed.slice(typed.indexOf(':') + 1)];
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
