/** One layer in both forms, to be compared: a directory, and an image that the kernel shows. */
import { mkdirSync } from 'node:fs';
import { Readable } from 'node:stream';
import type { Scratch } from '@estiba/testkit';
import { writeErofs } from '../../src/erofs/write-erofs.ts';
import { applyLayer } from '../../src/layer/apply-layer.ts';
import { tree } from '../tree.ts';
import { mounted } from './mounted.ts';

export interface Forms {
  readonly directory: readonly string[] | string;
  readonly image: readonly string[] | string;
  /** Nothing of the layers below shows. */
  readonly opaque?: boolean;
}

/** What can be seen of each, or the code of the error that it was refused with. */
export async function bothForms(folder: Scratch, bytes: Buffer, options: FormOptions = {}): Promise<Forms> {
  const { name = 'layer', lower = [] } = options;
  const [directory, image] = [folder.join(`${name}.d`), folder.join(`${name}.image`)];
  mkdirSync(directory);
  const layer = () => Readable.from([bytes]);
  const [applied, written] = await Promise.all([
    attempted(() => applyLayer(layer(), directory, { whiteouts: 'overlay', lower })),
    attempted(() => writeErofs(layer(), image, { lower })),
  ]);
  if (typeof applied === 'string' || typeof written === 'string') {
    return {
      directory: typeof applied === 'string' ? applied : 'accepted',
      image: typeof written === 'string' ? written : 'accepted',
    };
  }
  using shown = mounted(image);
  return {
    directory: [...comparable(tree(directory)), ...facts(applied)],
    image: [...comparable(tree(shown.path)), ...facts(written)],
    opaque: written.opaque,
  };
}

export interface FormOptions {
  readonly name?: string;
  readonly lower?: readonly string[];
}

async function attempted<T>(act: () => Promise<T>): Promise<T | string> {
  try {
    return await act();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return `${code}: ${message}`;
  }
}

function facts(applied: { diffId: string; size: number; opaque: boolean; skipped: readonly string[] }): string[] {
  const { diffId, size, opaque, skipped } = applied;
  return [`${diffId} ${size} ${opaque}`, ...[...skipped].sort()];
}

/** Whiteouts are made when the layer is unpacked, and nobody sees their time. */
function comparable(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/^(.* 20000 0:0) \d+ device 0$/, '$1 whiteout'));
}
