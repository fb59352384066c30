/** What the layers below an upper directory have under the same path. */
import type { IdMaps } from '../layer/id-maps.ts';
import { attributesOf, type Found, LowerView, linkTarget } from '../layer/lower-view.ts';
import { type Facts, nothing, reopen, sameContent, sameFacts } from './equality.ts';
import { carried, deviceOf, type Item, typeOf } from './item.ts';
import type { Namespace } from './overlay-marks.ts';
import { ownedInside } from './owners.ts';

export class Below implements Disposable {
  readonly #view: LowerView | undefined;
  readonly #isKnown: boolean;
  readonly #idmap: IdMaps | 'keep';

  constructor(lower: readonly string[] | undefined, namespace: Namespace, idmap: IdMaps | 'keep' = 'keep') {
    this.#idmap = idmap;
    this.#isKnown = lower !== undefined;
    this.#view = lower === undefined ? undefined : LowerView.open(lower, namespace);
  }

  /** Whether something there can be hidden; unknown counts as yes. */
  mayHave(path: string): boolean {
    return !this.#isKnown || this.#view?.look(path, () => true) === true;
  }

  /** Whether the same is there. A file of several names never is: which of them are one file differs above and below. */
  *has(item: Item): Generator<Buffer, boolean> {
    if (this.#view === undefined || item.names > 1) return false;
    const inside = { ...item, ...ownedInside(item.path, item, this.#idmap) };
    const found = this.#view.look(item.path, (seen) => {
      if (!sameFacts(inside, factsOf(seen)) || (item.type !== 'directory' && seen.stats.nlink > 1)) return undefined;
      return item.type === 'file' ? reopen(seen.fd) : 'same';
    });
    if (found === undefined || found === 'same') return found === 'same';
    return yield* sameContent(
      () => found,
      () => item.folder.openFile(item.name, ['rdonly', 'nonblock', 'nofollow']),
    );
  }

  [Symbol.dispose](): void {
    this.#view?.[Symbol.dispose]();
  }
}

function factsOf(found: Found): Facts {
  const { stats } = found;
  const attributes = attributesOf(found);
  return {
    ...attributes,
    xattrs: carried(attributes.xattrs),
    type: typeOf(stats),
    size: stats.isFile() ? stats.size : 0,
    link: stats.isSymbolicLink() ? linkTarget(found) : nothing,
    ...deviceOf(stats.isCharacterDevice() || stats.isBlockDevice() ? BigInt(stats.rdev) : 0n),
  };
}
