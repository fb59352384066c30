/** Makes what the entries of a layer say, one after the other. */
import { closeSync, constants, linkSync, openSync, symlinkSync, writeSync } from 'node:fs';
import { mknod, perform } from '@estiba/syscalls';
import { shown, type TarEntry } from '../tar/tar-entry.ts';
import type { TarHandler } from '../tar/tar-reader.ts';
import { UnionfsError } from '../unionfs-error.ts';
import {
  type AttributeOptions,
  fitsNode,
  setAttributes,
  setLinkAttributes,
  setNodeAttributes,
  setTimes,
  timesCall,
} from './attributes.ts';
import { terminated } from './beneath.ts';
import { copyUp } from './copy-up.ts';
import type { Directory } from './directory.ts';
import { entryPath } from './entry-path.ts';
import type { LayerTree } from './layer-tree.ts';
import { refused } from './refused.ts';
import { deleting, overlayForm, whiteoutOf } from './whiteouts.ts';

export interface UnpackOptions extends AttributeOptions {
  readonly whiteouts: 'delete' | 'overlay';
  readonly maxEntries: number;
  readonly maxBytes: number;
}

export class Unpacker implements TarHandler, Disposable {
  readonly #tree: LayerTree;
  readonly #options: UnpackOptions;
  readonly #hiding: typeof overlayForm | typeof deleting;
  /** The file whose content is arriving. */
  #file = -1;
  #current: TarEntry | undefined;
  /** Files complete but for their times, which are set many at once. */
  #complete: { fd: number; mtime: TarEntry['mtime'] }[] = [];
  #entries = 0;
  #bytes = 0;

  constructor(tree: LayerTree, options: UnpackOptions) {
    this.#tree = tree;
    this.#options = {
      ...options,
      onSkipped: (what) => options.onSkipped(`${shown(this.#current?.name ?? Buffer.alloc(0))}: ${what}`),
    };
    this.#hiding = options.whiteouts === 'overlay' ? overlayForm : deleting;
  }

  entry(entry: TarEntry): void {
    this.#current = entry;
    this.#count(entry);
    try {
      this.#make(entry);
    } catch (error) {
      throw refused(entry, error, this.#options.owner);
    }
  }

  data(bytes: Buffer): void {
    if (this.#file === -1) return;
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    } catch (error) {
      throw refused(this.#current as TarEntry, error, this.#options.owner);
    }
  }

  end(): void {
    if (this.#file === -1) return;
    const entry = this.#current as TarEntry;
    try {
      setAttributes(this.#file, entry, this.#options);
      this.#finishFile(entry);
    } catch (error) {
      throw refused(entry, error, this.#options.owner);
    }
  }

  /** To be called after the last entry. */
  finish(): void {
    this.#flush();
  }

  [Symbol.dispose](): void {
    if (this.#file !== -1) closeSync(this.#file);
    for (const { fd } of this.#complete) closeSync(fd);
    this.#complete = [];
    this.#file = -1;
  }

  #count(entry: TarEntry): void {
    const { maxEntries, maxBytes } = this.#options;
    this.#entries += 1;
    this.#bytes += entry.size;
    const over =
      this.#entries > maxEntries ? `${maxEntries} entries` : this.#bytes > maxBytes ? `${maxBytes} bytes` : '';
    if (over === '') return;
    throw new UnionfsError(
      'LAYER_TOO_LARGE',
      `cannot unpack ${shown(entry.name)}: the layer has more than ${over}; raise the limit if that is meant`,
      { entry: entry.name.toString() },
    );
  }

  #make(entry: TarEntry): void {
    const path = entryPath(entry.name);
    const whiteout = whiteoutOf(path, entry.name);
    const name = path.pop();
    if (name === undefined) this.#makeRoot(entry);
    else if (whiteout === undefined) this.#makeIn(path, name, entry);
    else if (whiteout !== 'ignored') this.#hide(path, whiteout);
  }

  #makeIn(path: readonly string[], name: string, entry: TarEntry): void {
    const directory = this.#tree.walk(path, { create: 'always' }) as Directory;
    if (entry.type === 'directory') this.#makeDirectory(directory, name, entry);
    else if (entry.type === 'hardlink') this.#makeHardLink(directory, name, entry);
    else this.#replacing(directory, name, () => this.#makeLeaf(directory, name, entry));
    directory.claim(name);
  }

  #makeRoot(entry: TarEntry): void {
    if (entry.type !== 'directory') {
      throw invalid(entry, 'the root can only be a directory');
    }
    this.#tree.root.attributes = entry;
  }

  #hide(path: readonly string[], whiteout: 'opaque' | { readonly hides: string }): void {
    const create = this.#options.whiteouts === 'overlay' ? 'if-below' : 'never';
    const directory = this.#tree.walk(path, { create, links: 'refuse' });
    if (directory === undefined) return;
    if (whiteout === 'opaque') this.#hiding.hideAll(this.#tree, directory);
    else this.#hiding.hide(this.#tree, directory, whiteout.hides);
  }

  /** A directory over a directory only changes its attributes; over anything else it takes its place. */
  #makeDirectory(directory: Directory, name: string, entry: TarEntry): void {
    const known = directory.children.get(name);
    if (known !== undefined) {
      known.attributes = entry;
      return;
    }
    const found = this.#tree.lookAt(directory, name);
    if (found !== undefined && !found.isDirectory() && !directory.whiteouts.has(name)) {
      this.#tree.displace(directory, name);
    }
    const made = found?.isDirectory()
      ? this.#tree.walk([...directory.path.split('/').filter(Boolean), name], { create: 'never', links: 'refuse' })
      : this.#tree.makeDirectory(directory, name);
    if (made !== undefined) made.attributes = entry;
  }

  #makeLeaf(directory: Directory, name: string, entry: TarEntry): void {
    switch (entry.type) {
      case 'file': {
        const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
        this.#file = openSync(directory.place(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
        return;
      }
      case 'symlink':
        if (entry.link.length === 0) throw invalid(entry, 'it is a link to nothing');
        symlinkSync(entry.link, directory.place(name));
        setLinkAttributes(directory.place(name), entry, this.#options);
        return;
      default:
        this.#makeNode(directory, name, entry);
    }
  }

  #makeNode(directory: Directory, name: string, entry: TarEntry): void {
    const { S_IFCHR, S_IFBLK, S_IFIFO } = constants;
    const type = entry.type === 'character' ? S_IFCHR : entry.type === 'block' ? S_IFBLK : S_IFIFO;
    const { major, minor } = entry;
    if (major < 0 || major > 0xfff || minor < 0 || minor > 0xfffff) {
      throw invalid(entry, `there is no device ${major}:${minor}`);
    }
    const device = entry.type === 'fifo' ? ([0, 0] as const) : ([major, minor] as const);
    try {
      perform([mknod(terminated(name), type | 0o600, device, { at: directory.fd })]);
    } catch (error) {
      // An ordinary user has no use for a device that he could not open either.
      if ((error as NodeJS.ErrnoException).code !== 'EPERM' || this.#options.owner !== 'self') throw error;
      this.#options.onSkipped('device');
      return;
    }
    setNodeAttributes(directory.fd, name, entry, this.#options);
  }

  #makeHardLink(directory: Directory, name: string, entry: TarEntry): void {
    const path = entryPath(entry.link, 'the target of the hard link');
    const targetName = path.pop();
    const from = targetName === undefined ? undefined : this.#tree.walk(path, { create: 'if-below' });
    if (targetName === undefined || from === undefined) throw noTarget(entry);
    if (from === directory && targetName === name) return;
    const target = this.#tree.lookAt(from, targetName);
    if (target === undefined || from.whiteouts.has(targetName)) {
      if (!copyUp(this.#tree, from, targetName, this.#options)) throw noTarget(entry);
    } else if (target.isDirectory()) {
      throw invalid(entry, `${shown(entry.link)} is a directory, to which there are no hard links`);
    }
    this.#replacing(directory, name, () => linkSync(from.place(targetName), directory.place(name)));
  }

  /** Whatever has the name already makes way; nothing is ever written through it. */
  #replacing(directory: Directory, name: string, make: () => void): void {
    try {
      make();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      this.#tree.displace(directory, name);
      make();
    }
  }

  #finishFile({ mtime }: TarEntry): void {
    if (fitsNode(mtime)) {
      setTimes(this.#file, mtime);
      closeSync(this.#file);
    } else {
      this.#complete.push({ fd: this.#file, mtime });
    }
    this.#file = -1;
    if (this.#complete.length >= 64) this.#flush();
  }

  #flush(): void {
    const complete = this.#complete;
    if (complete.length === 0) return;
    perform(complete.map(({ fd, mtime }) => timesCall(fd, mtime)));
    for (const { fd } of complete) closeSync(fd);
    this.#complete = [];
  }
}

function noTarget(entry: TarEntry): UnionfsError {
  return invalid(
    entry,
    `it is a hard link to ${shown(entry.link)}, which is neither in this layer before it nor below`,
  );
}

function invalid({ name }: TarEntry, why: string): UnionfsError {
  return new UnionfsError('LAYER_INVALID', `cannot unpack ${shown(name)}: ${why}`, { entry: name.toString() });
}
