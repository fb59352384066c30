import { closeSync, constants, openSync, readFileSync, readSync, writeSync } from 'node:fs';

// Everything here is synchronous on purpose: these files are kernel memory, a trip through the thread pool costs more.

/** The text of a control file, without the newline at its end. */
export function readControl(directory: string, file: string): string {
  const path = `${directory}/${file}`;
  const fd = openSync(path, constants.O_RDONLY);
  try {
    const length = readSync(fd, buffer, 0, buffer.length, null);
    // The kernel hands out whole lines: a page that they leave not quite full need not be the last.
    return length < buffer.length / 2
      ? buffer.toString('latin1', 0, length).trimEnd()
      : readFileSync(path, 'latin1').trimEnd();
  } finally {
    closeSync(fd);
  }
}

/** Writes without O_CREAT and O_TRUNC, so that a file which is not there is ENOENT and not EACCES. */
export function writeControl(directory: string, file: string, value: string): void {
  const fd = openSync(`${directory}/${file}`, constants.O_WRONLY);
  try {
    writeSync(fd, value);
  } finally {
    closeSync(fd);
  }
}

export function readWords(directory: string, file: string): string[] {
  const text = readControl(directory, file);
  return text === '' ? [] : text.split(/\s+/);
}

/** A number; `max`, and the number near 2^63 that v1 shows for it, are Infinity. */
export function readNumber(directory: string, file: string): number {
  return parseNumber(readControl(directory, file));
}

/** A file of lines `key value`. */
export function readKeys(directory: string, file: string): ReadonlyMap<string, number> {
  return parseKeys(readControl(directory, file));
}

export function parseNumber(text: string): number {
  const value = text === 'max' ? Number.POSITIVE_INFINITY : Number(text);
  return value > 2 ** 62 || value === -1 ? Number.POSITIVE_INFINITY : value;
}

export function parseKeys(text: string): ReadonlyMap<string, number> {
  return new Map(
    text.split('\n').map((line) => {
      const [key = '', value = ''] = line.split(' ');
      return [key, Number(value)];
    }),
  );
}

const buffer = Buffer.allocUnsafeSlow(4096);
