/** Extended attributes of whatever has a name, links not followed. listxattr(2), getxattr(2) */
import { attempt, out, perform, syscall } from '@estiba/syscalls';
import { terminated } from '../layer/beneath.ts';

/** Values are bytes; names too, in latin1. Most files have none, which takes one call. */
export function xattrsAt(place: Buffer): ReadonlyMap<string, Buffer> {
  const path = Buffer.concat([place, nul]);
  const names = namesAt(path);
  if (names.length === 0) return none;
  const memory = names.map(() => out(largest));
  const calls = names.map((name, at) => syscall('lgetxattr', path, terminated(name), memory[at], largest));
  const results = perform(calls);
  return new Map(
    calls.map((call, at) => [
      names[at] as string,
      Buffer.from(results.bytes(memory[at] as ReturnType<typeof out>).subarray(0, results.of(call))),
    ]),
  );
}

const nul = Buffer.alloc(1);
const none: ReadonlyMap<string, Buffer> = new Map();
/** Of a list of names, and of a value. xattr(7) */
const largest = 65536;

function namesAt(path: Buffer): string[] {
  const size = syscall('llistxattr', path, undefined, 0);
  // Some file systems know no attributes at all.
  if (perform([attempt([size], ['ENOTSUP', 'EOPNOTSUPP'])]).of(size) <= 0) return [];
  const memory = out(largest);
  const list = syscall('llistxattr', path, memory, largest);
  const results = perform([list]);
  const names = results.bytes(memory).toString('latin1', 0, results.of(list));
  return names.split('\0').filter((name) => name !== '');
}
