import { type Digest, parseDigest } from './digest.ts';
import { ImageSpecError } from './error.ts';

/** The name of an image, with everything filled in that Docker lets people leave out. */
export interface Reference {
  /** Host and port: `docker.io`, `localhost:5000`, `[::1]:5000`. */
  readonly registry: string;
  /** `library/alpine`. */
  readonly repository: string;
  /** `latest` where neither tag nor digest was given. */
  readonly tag?: string;
  readonly digest?: Digest;
  /** The full name: `docker.io/library/alpine:latest`. */
  toString(): string;
}

/**
 * Takes `alpine`, `ghcr.io/acme/tool:1.2` or `host:5000/x@sha256:…` apart.
 * Throws REFERENCE_INVALID, or DIGEST_INVALID for a digest that is none.
 * https://github.com/distribution/reference
 */
export function parseReference(text: string): Reference {
  if (text.length > 2048) throw invalid(text, 'it is too long');
  if (/^[a-f0-9]{64}$/.test(text)) throw invalid(text, 'it is an image id, not a name');
  const [named, digest] = splitDigest(text);
  const [name, tag] = splitTag(named);
  const [registry, repository] = splitRegistry(name);
  checkRegistry(text, registry);
  checkRepository(text, repository);
  if (tag !== undefined && !tagPattern.test(tag)) {
    throw invalid(
      text,
      'a tag has up to 128 letters, digits, dots, dashes and underscores, and begins with a letter, digit or underscore',
    );
  }
  return reference({
    registry,
    repository,
    ...(digest ? { digest } : {}),
    ...(tag || !digest ? { tag: tag ?? 'latest' } : {}),
  });
}

/** The short form that people write: `alpine:3.20` for `docker.io/library/alpine:3.20`. */
export function familiarName({ registry, repository, tag, digest }: Reference): string {
  const name =
    registry === defaultRegistry ? repository.replace(/^library\/(?=[^/]+$)/, '') : `${registry}/${repository}`;
  return `${name}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`;
}

const defaultRegistry = 'docker.io';
const tagPattern = /^\w[\w.-]{0,127}$/;
const repositoryPattern = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const hostPattern = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*$/;
const ipv6Pattern = /^\[[0-9a-fA-F:]+\]$/;

function splitDigest(text: string): [string, Digest?] {
  const at = text.indexOf('@');
  return at === -1 ? [text] : [text.slice(0, at), parseDigest(text.slice(at + 1))];
}

// A colon before the last slash belongs to a port or to an IPv6 address.
function splitTag(text: string): [string, string?] {
  const colon = text.indexOf(':', text.lastIndexOf('/') + 1);
  return colon === -1 ? [text] : [text.slice(0, colon), text.slice(colon + 1)];
}

// The first part is a host when it cannot be part of a repository: it has a dot, a port or a capital, or is localhost.
function splitRegistry(name: string): [string, string] {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const isHost = /[.:[]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  const host = isHost ? first : defaultRegistry;
  const rest = isHost ? name.slice(slash + 1) : name;
  if (host !== defaultRegistry && host !== 'index.docker.io') return [host, rest];
  return [defaultRegistry, rest.includes('/') ? rest : `library/${rest}`];
}

function checkRegistry(text: string, registry: string): void {
  const [, host = '', port] = /^(.*?)(?::([0-9]+))?$/.exec(registry) ?? [];
  if (!hostPattern.test(host) && !ipv6Pattern.test(host)) throw invalid(text, `${JSON.stringify(host)} is not a host`);
  if (port !== undefined && (Number(port) > 65535 || Number(port) === 0))
    throw invalid(text, `there is no port ${port}`);
}

function checkRepository(text: string, repository: string): void {
  if (repository.length > 255) throw invalid(text, 'a repository has at most 255 characters');
  if (repositoryPattern.test(repository)) return;
  if (repositoryPattern.test(repository.toLowerCase())) throw invalid(text, 'a repository is written in lower case');
  throw invalid(
    text,
    'a repository has lower-case letters and digits, separated by dots, dashes, underscores and slashes',
  );
}

function reference(parts: { registry: string; repository: string; tag?: string; digest?: Digest }): Reference {
  const { registry, repository, tag, digest } = parts;
  const text = `${registry}/${repository}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`;
  return Object.freeze({ ...parts, toString: () => text });
}

function invalid(text: string, why: string): ImageSpecError {
  const shown = JSON.stringify(text.length > 300 ? `${text.slice(0, 300)}…` : text);
  return new ImageSpecError('REFERENCE_INVALID', `cannot read image name ${shown}: ${why}`);
}
