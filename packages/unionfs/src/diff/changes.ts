/** What is different in one of two trees, as a layer over the other. */
import type { ChangesOptions } from './diff-layer.ts';
import { nothing, sameContent, sameFacts } from './equality.ts';
import { Folder } from './folder.ts';
import { relinked } from './hard-links.ts';
import type { Item } from './item.ts';
import type { Packer } from './packer.ts';
import { Trail } from './trail.ts';
import { refuseMarks, refuseNames } from './unreadable.ts';

export function* packChanges(options: ChangesOptions, packer: Packer): Generator<Buffer> {
  using before = Folder.open(options.before);
  using after = Folder.open(options.after);
  const changes = new Changes(packer, yield* relinked(before, after), options.content === 'compare');
  yield* changes.pack(before, after);
  yield* packer.finish();
}

class Changes {
  readonly #packer: Packer;
  /** Paths that have to be sent because they are other files together than before. */
  readonly #relinked: ReadonlySet<string>;
  readonly #compares: boolean;

  constructor(packer: Packer, links: ReadonlySet<string>, compares: boolean) {
    this.#packer = packer;
    this.#relinked = links;
    this.#compares = compares;
  }

  *pack(before: Folder, after: Folder): Generator<Buffer> {
    yield* this.#directory(before, after, [before.self(), after.self()], undefined);
  }

  *#directory(
    before: Folder | undefined,
    after: Folder,
    [was, is]: readonly [Item | undefined, Item],
    around: Trail | undefined,
  ): Generator<Buffer> {
    const trail = new Trail(is, around, this.#packer);
    if (was === undefined || !sameFacts(was, is)) yield* trail.announce();
    const names = after.names();
    const known = new Set(before?.names());
    const left = new Set(names);
    for (const name of known) {
      if (left.has(name)) continue;
      refuseNames(after.pathOf(name), name);
      yield* trail.hide(name);
    }
    for (const name of names) {
      yield* this.#item(known.has(name) ? before : undefined, after, name, trail);
      yield nothing;
    }
  }

  *#item(before: Folder | undefined, after: Folder, name: string, trail: Trail): Generator<Buffer> {
    const is = after.look(name);
    const was = before?.look(name);
    refuseMarks(is);
    if (is.type === 'directory') {
      using outer = was?.type === 'directory' ? before?.enter(name) : undefined;
      using inner = after.enter(name);
      return yield* this.#directory(outer, inner, [outer && was, is], trail);
    }
    // No layer can hold it, so that nothing is there.
    if (is.type === 'socket' && was !== undefined && was.type !== 'socket') yield* trail.hide(name);
    if (!(yield* this.#isSame(was, is))) yield* trail.pack(is);
  }

  *#isSame(was: Item | undefined, is: Item): Generator<Buffer, boolean> {
    if (was === undefined || this.#relinked.has(is.path) || !sameFacts(was, is)) return false;
    if (!this.#compares || is.type !== 'file' || was.inode === is.inode) return true;
    return yield* sameContent(
      () => was.folder.openFile(was.name, reading),
      () => is.folder.openFile(is.name, reading),
    );
  }
}

const reading = ['rdonly', 'nonblock', 'nofollow'] as const;
