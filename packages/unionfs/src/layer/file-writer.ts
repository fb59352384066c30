/** The content of regular files, as it arrives. */
import { closeSync, constants, ftruncateSync, openSync, writeSync } from 'node:fs';
import { perform } from '@estiba/syscalls';
import type { TarEntry } from '../tar/tar-entry.ts';
import { type AttributeOptions, fitsNode, setAttributes, setTimes, timesCall } from './attributes.ts';

export class FileWriter implements Disposable {
  /** The file whose content is arriving. */
  #fd = -1;
  #entry: TarEntry | undefined;
  /** Of a sparse file: the part that is being filled, and how much of it is. */
  #extent = 0;
  #filled = 0;
  /** Files complete but for their times, which are set many at once. */
  #complete: { fd: number; mtime: TarEntry['mtime'] }[] = [];

  get isWriting(): boolean {
    return this.#fd !== -1;
  }

  /** A new file; throws EEXIST where there is anything by that name. */
  begin(path: Buffer, entry: TarEntry): void {
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    this.#fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    this.#entry = entry;
    this.#extent = 0;
    this.#filled = 0;
    // At once, for the file system to refuse what is too large for it.
    if (entry.extents !== undefined) ftruncateSync(this.#fd, entry.size);
  }

  write(bytes: Buffer): void {
    const extents = this.#entry?.extents;
    if (extents === undefined) {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
      return;
    }
    for (let at = 0; at < bytes.length; ) {
      const extent = extents[this.#extent];
      if (extent === undefined) throw new Error('there is more content than the map of the sparse file says');
      const length = Math.min(bytes.length - at, extent.length - this.#filled);
      const written = length === 0 ? 0 : writeSync(this.#fd, bytes, at, length, extent.offset + this.#filled);
      at += written;
      this.#filled += written;
      if (this.#filled < extent.length) continue;
      this.#extent += 1;
      this.#filled = 0;
    }
  }

  end(options: AttributeOptions): void {
    const entry = this.#entry as TarEntry;
    setAttributes(this.#fd, entry, options);
    if (fitsNode(entry.mtime)) {
      setTimes(this.#fd, entry.mtime);
      closeSync(this.#fd);
    } else {
      this.#complete.push({ fd: this.#fd, mtime: entry.mtime });
    }
    this.#fd = -1;
    if (this.#complete.length >= 64) this.flush();
  }

  flush(): void {
    const complete = this.#complete;
    if (complete.length === 0) return;
    perform(complete.map(({ fd, mtime }) => timesCall(fd, mtime)));
    for (const { fd } of complete) closeSync(fd);
    this.#complete = [];
  }

  [Symbol.dispose](): void {
    if (this.#fd !== -1) closeSync(this.#fd);
    for (const { fd } of this.#complete) closeSync(fd);
    this.#complete = [];
    this.#fd = -1;
  }
}
