import { type Descriptor, type Platform, parseReference, type Reference } from '@estiba/image-spec';
import { RegistryError } from './error.ts';
import { type PushContext, type PushOptions, push } from './push.ts';
import { listReferrers } from './referrers.ts';
import { RepositorySource } from './repository-source.ts';

export interface CopyOptions extends Omit<PushOptions, 'from'> {
  /** One image of an index; all of it unless told. */
  readonly platform?: Platform | undefined;
  /** Also what says that it is about what is copied: signatures and the like. */
  readonly referrers?: boolean | undefined;
}

/** Registry to registry, or within one: blobs pass through memory, piece by piece, or are mounted and do not move at all. */
export async function copy(
  context: PushContext,
  from: Reference,
  to: Reference,
  { platform, referrers = false, ...options }: CopyOptions = {},
): Promise<Descriptor> {
  const { signal } = options;
  context.transport.credentials?.checkOne([from.registry, to.registry]);
  const source = new RepositorySource(context.transport, from);
  const root = await source.find(platform, signal);
  const near = from.registry === to.registry ? [from.repository] : [];
  const pushing = { ...options, from: source, mountFrom: [options.mountFrom ?? [], near].flat() };
  const send: typeof push = (...sent) =>
    push(...sent).catch((error) => {
      source.distrustMirrors(error);
      throw error;
    });
  const both = { ...context, sourceRegistry: from.registry };
  const { documents } = await send(both, root, to, pushing);
  if (!referrers) return root;
  const seen = new Set(documents.map(({ descriptor }) => descriptor.digest));
  let named = 0;
  // What is found is itself looked up later: a signature of a list of contents.
  for (const subject of seen) {
    for await (const referrer of listReferrers(context.transport, from, subject, { signal })) {
      // Those that come again count as well.
      if (++named > mostReferrers) throw tooMany(from);
      if (seen.has(referrer.digest)) continue;
      const target = parseReference(`${to.registry}/${to.repository}@${referrer.digest}`);
      const copied = await send(both, referrer, target, { ...pushing, tags: [] });
      for (const { descriptor } of copied.documents) seen.add(descriptor.digest);
    }
  }
  return root;
}

/** Of one image. A hostile registry could invent them for ever. */
const mostReferrers = 1000;

function tooMany(from: Reference): RegistryError {
  const message = `cannot copy what refers to ${from}: there are more than ${mostReferrers} referrers`;
  return new RegistryError('UNEXPECTED', message, { url: `https://${from.registry}/v2/${from.repository}` });
}
