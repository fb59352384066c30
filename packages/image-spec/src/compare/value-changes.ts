import { isDeepStrictEqual } from 'node:util';
import { formatPath } from '../json/path.ts';

export interface ValueChange {
  /** As `config.Env[2]` or `config.Labels["a.b"]`. */
  readonly path: string;
  /** Missing where there was nothing. */
  readonly before?: unknown;
  readonly after?: unknown;
}

/** Where two JSON documents differ, in the order of the first; lists are compared position by position. */
export function valueChanges(before: unknown, after: unknown, path: readonly PropertyKey[] = []): ValueChange[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isContainer(before) || !isContainer(after) || Array.isArray(before) !== Array.isArray(after)) {
    return [
      {
        path: formatPath(path),
        ...(before !== undefined && { before }),
        ...(after !== undefined && { after }),
      },
    ];
  }
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((key) => {
    return valueChanges(own(before, key), own(after, key), [...path, Array.isArray(before) ? Number(key) : key]);
  });
}

/** Labels may be called like what every object has: `constructor`. */
function own(value: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
