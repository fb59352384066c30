import { type Digest, isDigest, parseDigest } from './digest.ts';
import { ImageSpecError } from './error.ts';
import { checkRegistry, checkRepository, checkTag, maxReferenceLength } from './reference-grammar.ts';

/**
 * The name of an image, taken apart and normalized.
 *
 *     index.docker.io/alpine:3.20@sha256:…    what people write
 *     docker.io / library/alpine : 3.20 @ sha256:…
 *     registry    repository       tag    digest
 */
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
 * Takes `alpine`, `ghcr.io/acme/tool:1.2` or `host:5000/x@sha256:…` apart, by the rules of distribution/reference.
 * Throws REFERENCE_INVALID, or DIGEST_INVALID or DIGEST_UNSUPPORTED for a digest that is none.
 * https://github.com/distribution/reference
 */
export function parseReference(text: string): Reference {
  return tagNameOnly(parseName(text));
}

/** As `parseReference`, without a tag where none was given. */
export function parseName(text: string): Reference {
  if (text.length > maxReferenceLength) throw invalid(text, `it is longer than ${maxReferenceLength} characters`);
  if (identifierPattern.test(text)) throw invalid(text, 'it is an image id, not a name');
  const [named, digest] = splitDigest(text);
  const [name, tag] = splitTag(named);
  const [registry, repository] = splitRegistry(name);
  const problem =
    checkRegistry(registry) ?? checkRepository(repository) ?? (tag === undefined ? undefined : checkTag(tag));
  if (problem !== undefined) throw invalid(text, problem);
  return reference({ registry, repository, tag, digest: digest === undefined ? undefined : parseDigest(digest) });
}

/** The digest where the text is one, or is the 64 hexadecimal digits of an image id; otherwise as `parseName`. */
export function parseAnyReference(text: string): Reference | Digest {
  if (identifierPattern.test(text)) return `sha256:${text}`;
  return isDigest(text) ? text : parseName(text);
}

/** Adds `latest` where there is neither tag nor digest. */
export function tagNameOnly(name: Reference): Reference {
  return name.tag === undefined && name.digest === undefined ? withTag(name, 'latest') : name;
}

/** The same name with another tag; its digest stays. Throws REFERENCE_INVALID. */
export function withTag({ registry, repository, digest }: Reference, tag: string): Reference {
  const problem = checkTag(tag);
  if (problem !== undefined) throw invalid(`${registry}/${repository}:${tag}`, problem);
  return reference({ registry, repository, tag, digest });
}

/** The same name with another digest; its tag stays. Throws DIGEST_INVALID. */
export function withDigest({ registry, repository, tag }: Reference, digest: Digest): Reference {
  return reference({ registry, repository, tag, digest: parseDigest(digest) });
}

/** Without tag and digest. */
export function trimReference({ registry, repository }: Reference): Reference {
  return reference({ registry, repository });
}

/** The short form that people write: `alpine:3.20` for `docker.io/library/alpine:3.20`. */
export function familiarName({ registry, repository, tag, digest }: Reference): string {
  const name =
    registry === defaultRegistry ? repository.replace(/^library\/(?=[^/]+$)/, '') : `${registry}/${repository}`;
  return nameOf({ name, tag, digest });
}

const defaultRegistry = 'docker.io';
const identifierPattern = /^[a-f0-9]{64}$/;

function splitDigest(text: string): [string, string?] {
  const at = text.indexOf('@');
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
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
  const isHost = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  const host = isHost ? first : defaultRegistry;
  const rest = isHost ? name.slice(slash + 1) : name;
  if (host !== defaultRegistry && host !== 'index.docker.io') return [host, rest];
  return [defaultRegistry, rest.includes('/') ? rest : `library/${rest}`];
}

interface Parts {
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string | undefined;
  readonly digest?: Digest | undefined;
}

function reference({ registry, repository, tag, digest }: Parts): Reference {
  const text = nameOf({ name: `${registry}/${repository}`, tag, digest });
  const given = { ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
  return Object.freeze({ registry, repository, ...given, toString: () => text });
}

function nameOf({ name, tag, digest }: { name: string } & Pick<Parts, 'tag' | 'digest'>): string {
  return `${name}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

function invalid(text: string, why: string): ImageSpecError {
  const shown = JSON.stringify(text.length > 300 ? `${text.slice(0, 300)}…` : text);
  return new ImageSpecError('REFERENCE_INVALID', `cannot read image name ${shown}: ${why}`);
}
