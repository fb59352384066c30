import { digestProblem } from '../digest.ts';
import type { DocumentKind } from './kinds.ts';
import type { Finding } from './problem.ts';
import { sectionOf } from './sections.ts';

/**
 * What is named by an algorithm that is not registered, or is and cannot be computed here. The rest of the document is good
 * without it: an index may have one such entry among many.
 * https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests
 */
export function findUnsupportedDigests(kind: DocumentKind, document: Readonly<Record<string, unknown>>): Finding[] {
  return [...digestsIn(kind, document)].flatMap(([path, digest]) => {
    const problem = typeof digest === 'string' ? digestProblem(digest) : undefined;
    if (problem?.code !== 'DIGEST_UNSUPPORTED') return [];
    return [{ code: problem.code, path, message: problem.message, section: sectionOf(kind, path) }];
  });
}

function* digestsIn(kind: DocumentKind, document: unknown): Generator<[Finding['path'], unknown]> {
  if (kind === 'config' || kind === 'dockerConfig') {
    const ids = fieldOf(fieldOf(document, 'rootfs'), 'diff_ids');
    for (const [index, id] of listOf(ids).entries()) yield [['rootfs', 'diff_ids', index], id];
  } else if (kind === 'descriptor') yield [['digest'], fieldOf(document, 'digest')];
  else {
    for (const name of ['config', 'subject']) yield [[name, 'digest'], fieldOf(fieldOf(document, name), 'digest')];
    for (const name of ['layers', 'manifests']) {
      for (const [index, entry] of listOf(fieldOf(document, name)).entries()) {
        yield [[name, index, 'digest'], fieldOf(entry, 'digest')];
      }
    }
  }
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
