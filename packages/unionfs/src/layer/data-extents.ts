/** Where in a file there is anything but holes. lseek(2), SEEK_DATA and SEEK_HOLE */
import { constants } from 'node:os';
import { attempt, perform, syscall } from '@estiba/syscalls';
import type { Extent } from '../tar/tar-entry.ts';

/** Of an open file, ascending. On file systems that know no holes it is one part. */
export function* dataExtents(fd: number, size: number): Generator<Extent> {
  for (let at = 0; at < size; ) {
    const offset = seek(fd, at, 'data', size);
    if (offset >= size) return;
    const end = Math.min(seek(fd, offset, 'hole', size), size);
    yield { offset, length: end - offset };
    at = end;
  }
}

const whences = { data: 3, hole: 4 } as const;

function seek(fd: number, from: number, what: keyof typeof whences, size: number): number {
  const call = syscall('lseek', fd, from, whences[what]);
  const result = perform([attempt([call], ['ENXIO', 'EINVAL'])]).of(call);
  if (result >= 0) return result;
  // Nothing but a hole up to the end; or a file system without the notion.
  return result === -constants.errno.ENXIO ? size : what === 'data' ? from : size;
}
