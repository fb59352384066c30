import type { JsonFinding } from '../json/finding.ts';
import { scanJson } from '../json/scan.ts';
import { mediaTypes } from '../media-types.ts';
import type { Finding, Section } from './problem.ts';
import { characters, json, keys, nesting, numbers } from './sections.ts';

export interface JsonFindings {
  /** There is no value. */
  readonly fatal: boolean;
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
  /** By their paths: what is wrong with a number where a field has to be counted with. */
  readonly numbers: readonly Finding[];
}

/** What the text of a document tells, and its values do not. */
export function findInJson(text: string, { mediaType = '' }: { mediaType?: string } = {}): JsonFindings {
  const odd: Finding[] = [];
  const found = scanJson(text, {
    onNumber: (path, written, offset) => {
      if (/^-?[0-9]+$/.test(written) || !isCounted(path, mediaType)) return;
      odd.push(finding('number', [...path], `${written.slice(0, 40)} is to be written as a whole number`, offset));
    },
  });
  const as = (...kinds: JsonFinding['kind'][]) =>
    found
      .filter(({ kind }) => kinds.includes(kind))
      .map(({ kind, path, message, offset }) => finding(kind, path, message, offset));
  const similar = found.filter(({ kind }) => kind === 'similar');
  const ambiguous = similar.filter(isAmbiguous);
  return {
    fatal: found.some(({ kind }) => kind === 'syntax' || kind === 'depth' || kind === 'length'),
    errors: [...as('syntax', 'depth', 'length', 'duplicate'), ...ambiguous.map(toFinding), ...odd].sort(byOffset),
    warnings: as('half-character'),
    numbers: as('number'),
  };
}

// Go, in which most registries and engines are written, refuses 1e3 and 1.0 where it counts with whole numbers.
function isCounted(path: readonly (string | number)[], mediaType: string): boolean {
  const [name, ...above] = [...path].reverse();
  if (above.length === 0) return name === (mediaType === mediaTypes.descriptor ? 'size' : 'schemaVersion');
  return name === 'size' && above.length <= 2 && above.every((key) => typeof key === 'number' || holders.has(key));
}

const holders = new Set(['config', 'layers', 'manifests', 'subject']);

/** In a map of names, such as annotations, two of them may differ in capitals; the fields of a document may not. */
function isAmbiguous({ path }: JsonFinding): boolean {
  return path.slice(0, -1).every((key) => typeof key === 'number' || holders.has(key) || innerHolders.has(key));
}

const innerHolders = new Set(['platform', 'rootfs', 'history', 'container_config', 'Healthcheck']);

function toFinding({ kind, path, message, offset }: JsonFinding): Finding {
  return finding(kind, path, message, offset);
}

function finding(kind: JsonFinding['kind'], path: Finding['path'], message: string, offset: number): Finding {
  return { code: 'DOCUMENT_INVALID', path, message, section: sections[kind], offset };
}

function byOffset(a: Finding, b: Finding): number {
  return (a.offset ?? 0) - (b.offset ?? 0);
}

const sections: Readonly<Record<JsonFinding['kind'], Section>> = {
  syntax: json,
  depth: nesting,
  length: nesting,
  duplicate: keys,
  similar: keys,
  number: numbers,
  'half-character': characters,
};
