import type { Descriptor } from '../descriptor.ts';
import type { ImageIndex } from '../image-index.ts';
import type { ImageView } from '../view/image-view.ts';
import type { IndexView } from '../view/index-view.ts';
import { DraftImage } from './draft-image.ts';
import { DraftIndex } from './draft-index.ts';
import { indexTypes, ociType } from './families.ts';
import { toOci } from './image-parts.ts';
import { subjectOf } from './make-artifact.ts';

interface Noted {
  readonly annotations?: Record<string, string> | undefined;
  readonly subject?: Descriptor | undefined;
}

/**
 * With more annotations in its manifest or index; `undefined` takes one away. Docker's documents have no place for any, so
 * what comes of them is in the words of the OCI. https://github.com/opencontainers/image-spec/blob/main/annotations.md
 */
export function annotate<T extends ImageView | IndexView>(
  what: T,
  annotations: Readonly<Record<string, string | undefined>>,
): T extends IndexView ? IndexView : ImageView;
export function annotate(
  what: ImageView | IndexView,
  annotations: Readonly<Record<string, string | undefined>>,
): ImageView | IndexView {
  return noting(what, async (before) => {
    const all = Object.entries({ ...before.annotations, ...annotations });
    return {
      annotations: Object.fromEntries(all.flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]))),
    };
  });
}

/** About something else, which a registry lists it with. https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers */
export function withSubject<T extends ImageView | IndexView>(
  what: T,
  subject: Descriptor | Pick<ImageView, 'descriptor'>,
): T extends IndexView ? IndexView : ImageView;
export function withSubject(
  what: ImageView | IndexView,
  subject: Descriptor | Pick<ImageView, 'descriptor'>,
): ImageView | IndexView {
  return noting(what, async () => ({ subject: await subjectOf(subject) }));
}

function noting(what: ImageView | IndexView, note: (before: Noted) => Promise<Noted>): ImageView | IndexView {
  if (!('images' in what)) {
    return new DraftImage(async (take) => {
      const parts = toOci(await take(what));
      return { ...parts, manifest: { ...parts.manifest, ...(await note(parts.manifest)) } };
    });
  }
  return new DraftIndex(async (into) => {
    if (what instanceof DraftIndex) await what.make(into);
    const before = await what.document;
    const mediaType = ociType(before.mediaType ?? indexTypes.oci);
    const document = { ...before, mediaType, ...(await note(before)) } as ImageIndex;
    return { document, sources: new Map(), others: [what.source] };
  });
}
