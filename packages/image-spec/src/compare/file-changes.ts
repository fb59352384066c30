import { isDeepStrictEqual } from 'node:util';
import { type FileFacts, shownName } from './file-facts.ts';
import type { FileNode, FileTree, NamedFile } from './file-tree.ts';

export type FileChange = {
  /** From the root of the image, without a slash before it; the root itself is `.`. */
  readonly path: string;
} & (
  | { readonly kind: 'added'; readonly after: FileFacts }
  | { readonly kind: 'removed'; readonly before: FileFacts }
  | {
      readonly kind: 'changed';
      readonly before: FileFacts;
      readonly after: FileFacts;
      /** In what they differ. */
      readonly fields: readonly (keyof FileFacts)[];
    }
);

export interface FileChangesOptions {
  /** Whether another time alone is a change. Default: false, as everything that is built again has new ones. */
  readonly times?: boolean | undefined;
}

/** Everything in which two trees differ, a directory before what is in it, names in the order of their bytes. */
export function* fileChanges(
  before: FileTree,
  after: FileTree,
  { times = false }: FileChangesOptions = {},
): Generator<FileChange> {
  const firsts: Sides<Map<FileNode, string>> = [firstNames(before), firstNames(after)];
  yield* between(
    '',
    [
      { node: before.root, layer: 0 },
      { node: after.root, layer: 0 },
    ],
    firsts,
    times,
  );
}

type Sides<T> = readonly [before: T, after: T];

function* between(
  path: string,
  [before, after]: Sides<NamedFile | undefined>,
  firsts: Sides<ReadonlyMap<FileNode, string>>,
  times: boolean,
): Generator<FileChange> {
  const shown = { path: path === '' ? '.' : shownName(path) };
  const [was, is] = [factsOf(before, path, firsts[0]), factsOf(after, path, firsts[1])];
  if (was === undefined && is !== undefined) yield { ...shown, kind: 'added', after: is };
  if (was !== undefined && is === undefined) yield { ...shown, kind: 'removed', before: was };
  if (was !== undefined && is !== undefined) {
    const fields = differing(was, is, times);
    if (fields.length > 0) yield { ...shown, kind: 'changed', before: was, after: is, fields };
  }
  const inside: Sides<ReadonlyMap<string, NamedFile> | undefined> = [before?.node.children, after?.node.children];
  for (const name of namesOf(inside)) {
    const below = path === '' ? name : `${path}/${name}`;
    yield* between(below, [inside[0]?.get(name), inside[1]?.get(name)], firsts, times);
  }
}

// In latin1 the order of the characters is that of the bytes.
function namesOf([before, after]: Sides<ReadonlyMap<string, unknown> | undefined>): string[] {
  const names = new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])]);
  return [...names].sort((a, b) => (a < b ? -1 : 1));
}

function factsOf(named: NamedFile | undefined, path: string, firsts: ReadonlyMap<FileNode, string>) {
  if (named === undefined) return undefined;
  const first = named.node.linked ? firsts.get(named.node) : undefined;
  return first === undefined || first === path ? named.node.facts : { ...named.node.facts, hardLink: shownName(first) };
}

function differing(before: FileFacts, after: FileFacts, times: boolean): (keyof FileFacts)[] {
  if (before === after) return [];
  const fields: (keyof FileFacts)[] = [
    'type',
    'mode',
    'uid',
    'gid',
    'size',
    'digest',
    'link',
    'device',
    'xattrs',
    'hardLink',
  ];
  if (times) fields.push('mtime');
  return fields.filter((field) => !isDeepStrictEqual(before[field], after[field]));
}

/** Of each file with several names, the one that comes first. */
function firstNames(tree: FileTree): Map<FileNode, string> {
  const firsts = new Map<FileNode, string>();
  const visit = (children: ReadonlyMap<string, NamedFile>, path: string): void => {
    for (const name of namesOf([children, undefined])) {
      const { node } = children.get(name) as NamedFile;
      if (node.linked && !firsts.has(node)) firsts.set(node, `${path}${name}`);
      if (node.children !== undefined) visit(node.children, `${path}${name}/`);
    }
  };
  visit(tree.root.children, '');
  return firsts;
}
