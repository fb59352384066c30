/** The file that an image is written to: anywhere in it, or on and on in large pieces. */
import {
  closeSync,
  fdatasync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { UnionfsError } from '../unionfs-error.ts';

/** The kernel reads whole ones. */
const pageSize = 4096;

/** Disposed of, it is closed; and removed, unless it is to be kept. */
export class ImageFile implements Disposable {
  readonly #path: string;
  readonly #fd: number;
  #kept = false;

  private constructor(path: string, fd: number) {
    this.#path = path;
    this.#fd = fd;
  }

  /** A new one, for nobody else to read. */
  static create(path: string): ImageFile {
    try {
      return new ImageFile(path, openSync(path, 'wx+', 0o600));
    } catch (error) {
      throw refusedTo(`create ${path}`, error);
    }
  }

  write(bytes: Buffer, position: number): void {
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at, bytes.length - at, position + at);
    } catch (error) {
      throw refusedTo(`write ${this.#path}`, error);
    }
  }

  /** As much of what was written as there is room for. */
  read(into: Buffer, position: number): Buffer {
    const read = readSync(this.#fd, into, 0, into.length, position);
    if (read === 0) throw new UnionfsError('LAYER_REFUSED', `cannot read ${this.#path}: somebody has cut it off`);
    return into.subarray(0, read);
  }

  /** Makes it as long as it has to be, and an image: what has no header is none. */
  complete(bytes: number, header: Buffer): void {
    this.#setSize(Math.ceil(bytes / pageSize) * pageSize);
    this.write(header, 0);
  }

  keep(): void {
    this.#kept = true;
  }

  async sync(): Promise<void> {
    await promisify(fdatasync)(this.#fd);
  }

  #setSize(bytes: number): void {
    try {
      ftruncateSync(this.#fd, bytes);
    } catch (error) {
      throw refusedTo(`extend ${this.#path} to ${bytes} bytes`, error);
    }
  }

  [Symbol.dispose](): void {
    try {
      if (!this.#kept && this.#isInPlace()) unlinkSync(this.#path);
    } finally {
      closeSync(this.#fd);
    }
  }

  /** Somebody may have moved it away, or put another in its place. */
  #isInPlace(): boolean {
    const [ours, there] = [fstatSync(this.#fd), lstatSync(this.#path, { throwIfNoEntry: false })];
    return there?.dev === ours.dev && there.ino === ours.ino;
  }
}

function refusedTo(attempt: string, error: unknown): UnionfsError {
  const { code, message } = error as NodeJS.ErrnoException;
  const remedies: Readonly<Record<string, string>> = {
    ENOSPC: '; there is no room left',
    EDQUOT: '; the quota is used up',
    EEXIST: '; it has to be a new file',
  };
  return new UnionfsError('LAYER_REFUSED', `cannot ${attempt}: ${code ?? message}${remedies[code ?? ''] ?? ''}`, {
    cause: error,
  });
}
