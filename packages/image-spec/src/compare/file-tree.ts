/**
 * The tree that layers make, in memory. Nothing of it ever becomes a path of this machine.
 * https://github.com/opencontainers/image-spec/blob/main/layer.md#applying-changesets
 */
import { ImageSpecError } from '../error.ts';
import { type FileFacts, shownPath } from './file-facts.ts';
import { components, deepest, type TarEntry } from './tar-entry.ts';

/** One file; hard links are several names of one. */
export interface FileNode {
  facts: FileFacts;
  /** Of a directory. */
  readonly children?: Map<string, NamedFile>;
  /** Of a symbolic link, in latin1. */
  readonly target?: string;
  /** It has, or had, more names than one. */
  linked?: boolean;
  /** Of a directory: names under which a layer, told by its number, took a directory of below away. */
  displaced?: Map<string, number>;
}

export interface NamedFile {
  node: FileNode;
  /** The layer that put the name there, or last something below it: whiteouts of the same layer spare it. */
  layer: number;
}

type Directory = Required<Pick<FileNode, 'children'>> & FileNode;

/** Of a directory that no entry describes: always the same. */
const undescribed: FileFacts = { type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: '0.000000000' };
/** As many as the kernel follows. path_resolution(7) */
const mostLinks = 40;
/** As long as the kernel takes. symlink(2) */
const longestTarget = 4095;

export class FileTree {
  readonly root: Directory = { facts: undescribed, children: new Map() };
  #layer = 0;
  readonly #maxNames: number;
  #names = 0;

  constructor({ maxNames }: { maxNames: number }) {
    this.#maxNames = maxNames;
  }

  /** Puts a layer on top. Throws LAYER_INVALID for one that no tool could unpack. */
  apply(entries: readonly TarEntry[]): void {
    this.#layer += 1;
    for (const entry of entries) this.#make(entry);
  }

  #make(entry: TarEntry): void {
    const { path, facts } = entry;
    if (path.includes('..')) throw invalid(path, 'it climbs out by ".."');
    const name = path.at(-1);
    const parents = path.slice(0, -1);
    // Left over from aufs: hard link stores and the like, which mean nothing to anybody else.
    if (path.some((part) => part.startsWith('.wh..wh.') && part !== opaque)) return;
    if (parents.some((part) => part.startsWith('.wh.'))) throw invalid(path, 'it lies inside a whiteout');
    if (name === undefined) {
      if (facts.type !== 'directory') throw invalid(path, 'the root can only be a directory');
      this.root.facts = facts;
    } else if (name === opaque) this.#hideAll(this.#walk(parents, 'find')?.at(-1));
    else if (name.startsWith('.wh.')) this.#hide(this.#walk(parents, 'find')?.at(-1), hiddenBy(path, name.slice(4)));
    // What overlayfs itself makes of a whiteout.
    else if (facts.device === '0:0' && facts.type === 'character') {
      this.#hide(this.#walk(parents, 'find')?.at(-1), name);
    } else this.#put(parents, name, entry);
  }

  #put(parents: readonly string[], name: string, entry: TarEntry): void {
    const { path, facts, target = '' } = entry;
    const way = this.#walk(parents, 'make') as readonly Way[];
    const linked = entry.isHardLink ? this.#target(path, target) : undefined;
    const { directory } = way.at(-1) as Way;
    const { children } = directory;
    const before = children.get(name);
    if (linked?.way.some((on) => on.directory === before?.node)) {
      throw invalid(path, `its target ${shownPath([target])} lies in what it replaces`);
    }
    const stays = facts.type === 'directory' && before?.node.children !== undefined;
    if (stays) before.node.facts = facts;
    else this.#displace(directory, name);
    if (!stays) children.set(name, { node: linked?.node ?? nodeOf(facts, target), layer: this.#layer });
    if (before === undefined) this.#count(path);
    for (const { named } of way) if (named) named.layer = this.#layer;
    (children.get(name) as NamedFile).layer = this.#layer;
  }

  #target(path: readonly string[], target: string): { node: FileNode; way: readonly Way[] } {
    const parts = components(target);
    const what = `it is a hard link to ${shownPath([target])}`;
    if (parts.includes('..')) throw invalid(path, `${what}, which climbs out by ".."`);
    const name = parts.pop() ?? '';
    const way = this.#walk(parts, 'find', true);
    const node = way?.at(-1)?.directory.children.get(name)?.node;
    if (way === undefined || node === undefined)
      throw invalid(path, `${what}, which is neither in this layer before it nor below`);
    if (node.children !== undefined) throw invalid(path, `${what}, which is a directory`);
    node.linked = true;
    return { node, way };
  }

  #hide(way: Way | undefined, name: string): void {
    const named = way?.directory.children.get(name);
    if (named === undefined) return;
    if (named.layer !== this.#layer) this.#displace(way?.directory as Directory, name);
    else if (isDirectory(named.node)) this.#hideAll({ directory: named.node, named });
  }

  #displace(directory: Directory, name: string): void {
    const named = directory.children.get(name);
    directory.children.delete(name);
    if (named === undefined || named.layer === this.#layer || !isDirectory(named.node)) return;
    directory.displaced ??= new Map();
    directory.displaced.set(name, this.#layer);
  }

  #hideAll(way: Way | undefined): void {
    for (const name of way?.directory.children.keys() ?? []) this.#hide(way, name);
  }

  /** The directories on the way, the root first. Links are followed, and never out of the tree. */
  #walk(path: readonly string[], missing: 'make' | 'find', links = missing === 'make'): Way[] | undefined {
    const way: Way[] = [{ directory: this.root, named: undefined }];
    let followed = 0;
    const todo = [...path].reverse();
    for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
      if (name === '..') {
        if (way.length > 1) way.pop();
        continue;
      }
      const { directory } = way.at(-1) as Way;
      const { children } = directory;
      let named = children.get(name);
      if (named?.node.facts.type === 'symlink') {
        if (!links) return this.#throughLink(path, directory, name);
        if (++followed > mostLinks) throw invalid(path, `it leads through more than ${mostLinks} symbolic links`);
        const { target = '' } = named.node;
        if (target.length > longestTarget)
          throw invalid(path, `a link on its way is longer than ${longestTarget} bytes`);
        if (target.startsWith('/')) way.length = 1;
        todo.push(...components(target).reverse());
        continue;
      }
      if (named === undefined || !isDirectory(named.node)) {
        if (missing === 'find') return undefined;
        if (name.startsWith('.wh.')) throw invalid(path, 'the name of a whiteout is none for a directory');
        if (named === undefined) this.#count(path);
        named = { node: nodeOf(undescribed), layer: this.#layer };
        children.set(name, named);
      }
      way.push({ directory: named.node as Directory, named });
      if (way.length > deepest) throw invalid(path, `it lies deeper than ${deepest} directories`);
    }
    return way;
  }

  /** Some writers list what was in a directory whose place a link of theirs takes: it is gone with that. */
  #throughLink(path: readonly string[], directory: Directory, name: string): undefined {
    if (directory.displaced?.get(name) === this.#layer) return undefined;
    throw invalid(path, 'it would hide something behind a symbolic link');
  }

  #count(path: readonly string[]): void {
    this.#names += 1;
    if (this.#names <= this.#maxNames) return;
    throw new ImageSpecError(
      'LAYER_TOO_LARGE',
      `cannot apply ${shownPath(path)}: the image has more than ${this.#maxNames} files; raise maxEntries if that is meant`,
    );
  }
}

interface Way {
  readonly directory: Directory;
  /** Undefined for the root. */
  readonly named: NamedFile | undefined;
}

const opaque = '.wh..wh..opq';

function hiddenBy(path: readonly string[], name: string): string {
  if (name !== '' && name !== '.' && name !== '..') return name;
  throw invalid(path, 'a whiteout has to name what it hides');
}

function nodeOf(facts: FileFacts, target = ''): FileNode {
  if (facts.type === 'directory') return { facts, children: new Map() };
  return facts.type === 'symlink' ? { facts, target } : { facts };
}

function isDirectory(node: FileNode): node is Directory {
  return node.children !== undefined;
}

function invalid(path: readonly string[], why: string): ImageSpecError {
  return new ImageSpecError('LAYER_INVALID', `cannot apply ${JSON.stringify(shownPath(path))}: ${why}`);
}
