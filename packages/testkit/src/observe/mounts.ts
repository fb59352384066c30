import { readFileSync } from 'node:fs';
import { namesThisProcess, type Trace } from './trace.ts';

export interface MountLine {
  readonly root: string;
  readonly target: string;
  readonly type: string;
  readonly source: string;
}

/** Every mount this process sees. */
export function mountTraces(): Trace[] {
  const seen = new Map<string, number>();
  return mounts().map(({ root, target, type, source }) => {
    const what = `${type} ${source}${root === '/' ? '' : ` ${root}`} on ${target}`;
    const count = (seen.get(what) ?? 0) + 1;
    seen.set(what, count);
    return { key: `${what} ${count}`, text: `mount of ${what}`, ours: namesThisProcess(target) };
  });
}

// https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
export function mounts(): MountLine[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const [left = '', right = ''] = line.split(' - ');
    const [, , , root = '', target = ''] = left.split(' ');
    const [type = '', source = ''] = right.split(' ');
    return { root: decodeOctal(root), target: decodeOctal(target), type, source: decodeOctal(source) };
  });
}

/** Space, tab, newline and backslash are written in octal. */
function decodeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
