import type { WriteStream } from 'node:tty';
import type { TransferProgress } from '@estiba/registry-client';

/** A line for each blob: drawn again and again on a terminal, printed once it is complete elsewhere. */
export class ProgressDisplay implements Disposable {
  readonly #out: NodeJS.WriteStream;
  readonly #blobs = new Map<string, TransferProgress>();
  #drawn = 0;
  #last = 0;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  update(progress: TransferProgress): void {
    const before = this.#blobs.get(progress.digest);
    this.#blobs.set(progress.digest, progress);
    const ended = progress.status !== 'transferring';
    if (!this.#out.isTTY) {
      if (ended && before?.status !== progress.status) this.#out.write(`${lineFor(progress)}\n`);
    } else if (ended || performance.now() - this.#last > 50) {
      this.#draw();
    }
  }

  [Symbol.dispose](): void {
    if (this.#out.isTTY) this.#draw();
  }

  /** Goes back up to the first line, and writes each anew. */
  #draw(): void {
    this.#last = performance.now();
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : '';
    const width = (this.#out as WriteStream).columns || 80;
    const lines = [...this.#blobs.values()].map((progress) => `\x1b[2K${lineFor(progress).slice(0, width - 1)}\n`);
    this.#out.write(up + lines.join(''));
    this.#drawn = lines.length;
  }
}

const barWidth = 20;

function lineFor({ digest, done, total, status }: TransferProgress): string {
  const name = digest.slice(digest.indexOf(':') + 1).slice(0, 12);
  const full = total > 0 ? Math.round((barWidth * done) / total) : barWidth;
  const bar = '='.repeat(full).padEnd(barWidth);
  return `${' '.repeat(10)}${name} [${bar}] ${kilobytes(done)} of ${kilobytes(total)}, ${status}`;
}

function kilobytes(bytes: number): string {
  return `${Math.ceil(bytes / 1000)} kB`;
}
