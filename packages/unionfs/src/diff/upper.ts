/** An upper directory of an overlay as a layer. */
import { lstatSync } from 'node:fs';
import { overlayNamespace } from '../overlay-namespace.ts';
import { Below } from './below.ts';
import type { UpperOptions } from './diff-layer.ts';
import { nothing } from './equality.ts';
import { Folder } from './folder.ts';
import type { Item } from './item.ts';
import { OverlayMarks } from './overlay-marks.ts';
import type { Packer } from './packer.ts';
import { Trail } from './trail.ts';
import { refuseNames } from './unreadable.ts';

export function* packUpper(options: UpperOptions, packer: Packer): Generator<Buffer> {
  const marks = new OverlayMarks(options.namespace);
  using below = new Below(options.lower, options.namespace ?? overlayNamespace(), options.lowerIdmap);
  using root = Folder.open(options.upper);
  const upper = new Upper({ marks, below, packer, dropEqual: options.dropEqual ?? false });
  yield* upper.pack(root);
  yield* packer.finish();
}

interface Parts {
  readonly marks: OverlayMarks;
  readonly below: Below;
  readonly packer: Packer;
  readonly dropEqual: boolean;
}

class Upper {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  *pack(root: Folder): Generator<Buffer> {
    yield* this.#directory(root, root.self(), undefined, false);
  }

  /** `hidden`: nothing of below shows around it. */
  *#directory(folder: Folder, item: Item, around: Trail | undefined, hidden: boolean): Generator<Buffer> {
    const { marks, below, packer } = this.#parts;
    marks.refuseElsewhere(item);
    const trail = new Trail(marks.shown(item), around, packer);
    if (!(yield* this.#isEqual(trail.item, hidden))) yield* trail.announce();
    const isOpaque = marks.isOpaque(item);
    if (isOpaque && !hidden && below.mayHave(item.path)) yield* trail.hideAll();
    yield* this.#inside(folder, trail, hidden || isOpaque);
  }

  *#inside(folder: Folder, trail: Trail, hidden: boolean): Generator<Buffer> {
    const { marks, below } = this.#parts;
    const names = folder.names();
    const gone = new Set(names.filter((name) => mayBeWhiteout(folder, name) && marks.isWhiteout(folder.look(name))));
    for (const name of gone) {
      refuseNames(folder.pathOf(name), name);
      if (!hidden && below.mayHave(folder.pathOf(name))) yield* trail.hide(name);
    }
    for (const name of names) {
      if (!gone.has(name)) yield* this.#item(folder, folder.look(name), trail, hidden);
      yield nothing;
    }
  }

  *#item(folder: Folder, item: Item, trail: Trail, hidden: boolean): Generator<Buffer> {
    const { marks, below } = this.#parts;
    refuseNames(item.path, item.name);
    if (item.type === 'directory') {
      using inner = folder.enter(item.name);
      return yield* this.#directory(inner, item, trail, hidden);
    }
    marks.refuseElsewhere(item);
    // It hides what is below, although no layer can hold it.
    if (item.type === 'socket' && !hidden && below.mayHave(item.path)) yield* trail.hide(item.name);
    const shown = marks.shown(item);
    if (!(yield* this.#isEqual(shown, hidden))) yield* trail.pack(shown);
  }

  *#isEqual(item: Item, hidden: boolean): Generator<Buffer, boolean> {
    const { below, dropEqual } = this.#parts;
    return dropEqual && !hidden && (yield* below.has(item));
  }
}

/** Looking closer takes several times as long. */
function mayBeWhiteout(folder: Folder, name: string): boolean {
  const stats = lstatSync(folder.place(name), { throwIfNoEntry: false });
  return stats !== undefined && (stats.isCharacterDevice() || (stats.isFile() && stats.size === 0));
}
