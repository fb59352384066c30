import { isDigest } from '@estiba/image-spec';
import { Refusal } from './refusal.ts';

const part = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const repositoryPattern = new RegExp(`^${part}(?:/${part})*$`);
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** Throws NAME_INVALID. https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests */
export function checkRepository(name: string): void {
  if (isRepository(name)) return;
  throw new Refusal(400, 'NAME_INVALID', `${JSON.stringify(name.slice(0, 255))} is no name of a repository`);
}

function isRepository(name: string): boolean {
  return name.length <= 255 && repositoryPattern.test(name);
}

/** Whether clients can ask for it. `localhost:5000/app:1` is a name in a layout, and none here. */
export function isServable(repository: string, tag: string | undefined): boolean {
  return isRepository(repository) && (tag === undefined || tagPattern.test(tag));
}

/** Throws NAME_INVALID, or DIGEST_INVALID for what tries to be one. */
export function checkReference(reference: string): void {
  if (isDigest(reference) || tagPattern.test(reference)) return;
  const what = JSON.stringify(reference.slice(0, 255));
  if (reference.includes(':')) throw new Refusal(400, 'DIGEST_INVALID', `${what} is not a digest`);
  throw new Refusal(400, 'NAME_INVALID', `${what} is not a tag`);
}

/** `demo/app:1`, taken apart as it stands: a registry has no short names. `demo/app@sha256:…` has no tag. */
export function splitName(name: string): { repository: string; tag: string | undefined } {
  const at = name.indexOf('@');
  if (at !== -1) return { repository: name.slice(0, at), tag: undefined };
  const colon = name.indexOf(':', name.lastIndexOf('/') + 1);
  return colon === -1
    ? { repository: name, tag: 'latest' }
    : { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
}
