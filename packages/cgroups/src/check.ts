/** What all limits have in common: whole numbers, sizes, and no words that nobody knows. */
import { type Bytes, parseBytes } from './bytes.ts';
import { CgroupError } from './cgroup-error.ts';
import { pageSize } from './page-size.ts';

/**
 * A size in bytes, of at least so many. A limit below one page is rounded down to nothing: the first process would be killed
 * as it enters.
 */
export function checkBytes(given: Bytes, least: number | 'page', file: string, path: string): number | 'max' {
  const bytes = parseBytes(given);
  if (typeof bytes === 'object') throw invalid(file, given, bytes.problem, path);
  const bound = least === 'page' ? pageSize() : least;
  if (bytes !== 'max' && bytes < bound) {
    throw invalid(file, given, `it must be at least ${least === 'page' ? 'one page, ' : ''}${bound}`, path);
  }
  return bytes;
}

export function wholeBetween(value: unknown, least: number, most: number, file: string, path: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalid(file, value, `it must be a whole number from ${least} to ${most}`, path);
}

/** Refuses keys that are not among those; `name` is that of the object, `limits` for the whole. */
export function known(limits: object, keys: readonly string[], name: string, path: string): void {
  const list = keys.join(', ');
  if (!isPlain(limits)) throw invalid(name, limits, `write a plain object with one or more of ${list}`, path);
  const stranger = Object.entries(limits).find(([key]) => !keys.includes(key));
  if (stranger === undefined) return;
  const key = name === 'limits' ? stranger[0] : `${name}.${stranger[0]}`;
  throw invalid(key, stranger[1], `there is no such limit; known: ${list}`, path);
}

/**
 * An object whose keys are all its own. A number, a Map, a promise or an instance with getters has no keys to be listed:
 * no limit would be in force, and nobody would be told.
 */
export function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // That of all objects has none itself; there is another one for each realm.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** As people write it; what JSON has no text for, such as an object that contains itself, by its kind. */
export function textOfValue(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const kind = Object.prototype.toString.call(value);
  if (!isPlain(value) && !Array.isArray(value)) return kind;
  try {
    return JSON.stringify(value) ?? kind;
  } catch {
    return kind;
  }
}

export function invalid(file: string, value: unknown, problem: string, path: string): CgroupError {
  const text = textOfValue(value);
  const message = `cannot set ${file} of ${path} to ${text}: ${problem}`;
  return new CgroupError('LIMIT_INVALID', message, { path, file, value: text });
}
