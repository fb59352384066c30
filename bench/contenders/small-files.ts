/** A layer of many small files, as package managers make them: the same bytes every time. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { TarWriter } from '@estiba/unionfs';
import { randomFrom } from './pseudo-random.ts';
import { entryOf } from './tar-entry.ts';

export interface SmallFiles {
  readonly files: number;
  readonly directories: number;
  /** Of content. */
  readonly bytes: number;
  readonly diffId: string;
}

const filesEach = 50;
const directoriesEach = 8;

/** Packages of 50 files in 8 directories each, written to `file` as a tar. */
export function writeSmallFiles(file: string, packages: number): SmallFiles {
  using archive = new Archive(file);
  const random = randomFrom(1);
  const text = sourceText(random);
  let bytes = 0;
  archive.tar.entry(entryOf('directory', 'node_modules/'));
  for (let number = 0; number < packages; number++) {
    const folders = foldersOf(`node_modules/package-${number}/`);
    for (const name of folders) archive.tar.entry(entryOf('directory', name));
    for (let index = 0; index < filesEach; index++) {
      const size = sizeFrom(random);
      const start = Math.floor(random() * (text.length - size));
      const folder = folders[Math.floor(random() * folders.length)] ?? '';
      archive.tar.entry(entryOf('file', `${folder}module-${index}.js`, size));
      archive.tar.data(text.subarray(start, start + size));
      archive.tar.end();
      bytes += size;
    }
  }
  archive.tar.finish();
  return { files: packages * filesEach, directories: 1 + packages * directoriesEach, bytes, diffId: archive.digest() };
}

function foldersOf(root: string): string[] {
  const below = ['lib/', 'lib/internal/', 'lib/internal/parts/', 'dist/', 'dist/esm/', 'dist/cjs/', 'types/'];
  return [root, ...below.map((name) => root + name)];
}

/** 100 bytes to 20 KB, about 3 KB on the average: most are smaller than that, few much larger. */
function sizeFrom(random: () => number): number {
  return Math.round(100 * 200 ** (random() ** 1.2));
}

const longest = 20_000;

/** Something that programs have more than once, but not everywhere. */
function sourceText(random: () => number): Buffer {
  const words = Array.from({ length: 500 }, () => Math.floor(random() * 36 ** 5).toString(36));
  const text: string[] = [];
  for (let length = 0; length < 50 * longest; length += 6) text.push(words[Math.floor(random() * words.length)] ?? '');
  return Buffer.from(text.join(' '));
}

class Archive implements Disposable {
  readonly tar = new TarWriter((bytes) => this.#add(bytes));
  readonly #file: number;
  readonly #hash = createHash('sha256');
  readonly #buffer = Buffer.alloc(1 << 20);
  #filled = 0;

  constructor(file: string) {
    this.#file = openSync(file, 'w');
  }

  /** Of all that has been added; nothing may be, afterwards. */
  digest(): string {
    this.#flush();
    return `sha256:${this.#hash.digest('hex')}`;
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  #add(bytes: Buffer): void {
    if (this.#filled + bytes.length > this.#buffer.length) this.#flush();
    this.#filled += bytes.copy(this.#buffer, this.#filled);
  }

  #flush(): void {
    const full = this.#buffer.subarray(0, this.#filled);
    this.#hash.update(full);
    writeSync(this.#file, full);
    this.#filled = 0;
  }
}
