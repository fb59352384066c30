/**
 * The mounts of a process, as the kernel lists them:
 *
 *     36 35 98:0 /mnt1 /mnt/parent rw,noatime master:1 - ext3 /dev/root rw,errors=continue
 *     |  |  |    |     |           |                   | |    |         |
 *     |  |  |    |     target      attributes, fields  - type source    options of the file system
 *     |  |  |    path in the file system that is seen there
 *     |  |  device of the file system
 *     |  id of the mount below
 *     id
 *
 * proc_pid_mountinfo(5)
 */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

export interface MountPoint {
  readonly id: number;
  /** The id of the mount that it is attached to. */
  readonly parent: number;
  /** Of the file system, `major:minor`; not always what stat(2) says of files in it. */
  readonly device: string;
  /** Which part of the file system is seen. */
  readonly root: string;
  /** Where, from the root of the process. */
  readonly target: string;
  readonly type: string;
  readonly source: string;
  /** Of the file system: for an overlay its directories. */
  readonly options: readonly string[];
}

/** Those of this process, in no order that means anything. */
export async function mounts(): Promise<MountPoint[]> {
  return parseMountinfo(await readFile('/proc/self/mountinfo', 'utf8'));
}

/** The same, for what must be so still when it is acted upon. */
export function mountsNow(): MountPoint[] {
  return parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8'));
}

export function parseMountinfo(text: string): MountPoint[] {
  return text.split('\n').flatMap((line) => (line === '' ? [] : parseLine(line)));
}

function parseLine(line: string): MountPoint {
  const fields = line.split(' ');
  const [id = '', parent = '', device = '', root = '', target = ''] = fields;
  const [type = '', source = '', options = ''] = fields.slice(fields.indexOf('-', 6) + 1);
  return {
    id: Number(id),
    parent: Number(parent),
    device,
    root: unescaped(root),
    target: unescaped(target),
    type,
    source: unescaped(source),
    options: options.split(',').map(unescaped),
  };
}

/** Space, tab, newline and backslash are there as three octal digits. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 8)));
}
