import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Copy to a stream what a program writes to a file, until it has ended. */
export async function follow(path, stream, program) {
  while (!existsSync(path) && !program.hasEnded()) await sleep(50);
  if (!existsSync(path)) return;
  const file = openSync(path, 'r');
  const buffer = Buffer.alloc(65_536);
  for (let isLast = false; !isLast; ) {
    // Asked before reading: what is written in between is read the next time.
    isLast = program.hasEnded();
    for (let size = readSync(file, buffer); size > 0; size = readSync(file, buffer)) {
      stream.write(Buffer.from(buffer.subarray(0, size)));
    }
    if (!isLast) await sleep(50);
  }
  closeSync(file);
}
