import { type Limit, limitTo } from './limit.ts';

const lines = new Map<string, { readonly limit: Limit; users: number }>();

/** One after the other, of all in this process that have the same key. Waiting for one's turn ends with the signal. */
export async function inTurn<T>(key: string, task: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const line = lines.get(key) ?? { limit: limitTo(1), users: 0 };
  lines.set(key, line);
  line.users += 1;
  try {
    return await line.limit(task, { signal });
  } finally {
    line.users -= 1;
    if (line.users === 0) lines.delete(key);
  }
}
