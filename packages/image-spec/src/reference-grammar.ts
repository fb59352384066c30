/**
 * The grammar of names.
 *
 *     reference   [registry "/"] repository [":" tag] ["@" digest]
 *     registry    host [":" digits]
 *     host        labels with dots between them, or "[" IPv6 address "]"
 *     repository  components with slashes between them, 255 characters in all
 *     component   a-z 0-9, with one dot, one or two underscores or any number of dashes between them
 *     tag         a letter, digit or underscore, and up to 127 of these, dots and dashes
 *
 * https://github.com/distribution/reference/blob/main/regexp.go. Two texts that it lets pass are refused here: names of more
 * than 2,048 characters, and those whose host is none (`foo_bar.com/x`), which it reads as a repository without a registry.
 */
export const maxReferenceLength = 2048;

/** What is wrong with the host and port, if anything is. */
export function checkRegistry(registry: string): string | undefined {
  const [, host = ''] = /^(.*?)(?::[0-9]+)?$/s.exec(registry) ?? [];
  if (hostPattern.test(host) || addressPattern.test(host)) return undefined;
  return `${JSON.stringify(host)} is not a host`;
}

export function checkRepository(repository: string): string | undefined {
  if (repository.length > 255) return 'a repository has at most 255 characters';
  if (repositoryPattern.test(repository)) return undefined;
  if (repositoryPattern.test(repository.toLowerCase())) return 'a repository is written in lower case';
  return 'a repository has lower-case letters and digits, separated by dots, dashes, underscores and slashes';
}

export function checkTag(tag: string): string | undefined {
  if (tagPattern.test(tag)) return undefined;
  return 'a tag has up to 128 letters, digits, dots, dashes and underscores, and begins with a letter, digit or underscore';
}

const tagPattern = /^\w[\w.-]{0,127}$/;
const repositoryPattern = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const hostPattern = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*$/;
const addressPattern = /^\[[0-9a-fA-F:]+\]$/;
