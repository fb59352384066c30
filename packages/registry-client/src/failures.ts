import { RegistryError } from './error.ts';

// Certificates do not become valid, nor names known, by trying again at once.
const lasting = /CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL|ENOTFOUND|ERR_INVALID|EPROTO/;

/** What kept a request from an answer. */
export function unreachable(url: URL, error: NodeJS.ErrnoException): RegistryError {
  if (error instanceof RegistryError) return error;
  const { code = error.message } = error;
  if (code.startsWith('HPE_')) return unreadable(url, code, error);
  return new RegistryError('UNREACHABLE', `cannot reach ${url.host}: ${code}${hint(code)}`, {
    url,
    retryable: !lasting.test(code),
    cause: error,
  });
}

/** What kept an answer from its end. */
export function cut(url: URL, error: unknown): RegistryError {
  if (error instanceof RegistryError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return new RegistryError('BODY_CUT', `cannot read from ${url.host}: ${code ?? message}`, {
    url,
    retryable: true,
    cause: error,
  });
}

function unreadable(url: URL, code: string, cause: Error): RegistryError {
  const why = code === 'HPE_HEADER_OVERFLOW' ? 'the head of its answer is too long' : `it does not speak HTTP: ${code}`;
  return new RegistryError('UNEXPECTED', `cannot read from ${url.host}: ${why}`, { url, cause });
}

function hint(code: string): string {
  if (code === 'EPROTO' || code === 'ERR_SSL_WRONG_VERSION_NUMBER')
    return '; a registry without TLS has to be named in `insecure`';
  return /SELF_SIGNED|UNABLE_TO_(VERIFY|GET)/.test(code) ? '; an authority of its own has to be given as `ca`' : '';
}
