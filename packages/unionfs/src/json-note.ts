/** What a store notes beside a layer, a snapshot or a volume: JSON, in a directory that comes to its place as a whole. */
import { open, readFile } from 'node:fs/promises';

/** A new file; with `durable` it is on the disk when this resolves. */
export async function writeNote(path: string, note: object, durable: boolean): Promise<void> {
  await using file = await open(path, 'wx');
  await file.writeFile(`${JSON.stringify(note, undefined, 2)}\n`);
  if (durable) await file.sync();
}

/** Undefined when there is no such file; what `is` refuses, text that is no JSON included, is what `damaged` throws. */
export async function readNote<T>(
  path: string,
  is: (value: unknown) => value is T,
  damaged: (path: string) => Error,
): Promise<T | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const value = parsed(text);
  if (is(value)) return value;
  throw damaged(path);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
