import { tree } from '../tree.ts';

/**
 * The lines of a tree, without what says that a file has names elsewhere: of those that an overlay copied up, the others
 * are below it.
 */
export function visible(directory: string): string[] {
  const lines = tree(directory);
  const targets = lines.map((line) => same.exec(line)?.[0]);
  return lines.map((line, at) => {
    const target = targets[at];
    const isAlone = targets.filter((other) => other === target).length === 1;
    return target !== undefined && isAlone ? line.replace(target, '') : line;
  });
}

/** Up to the attributes, which follow. */
const same = / same as .*?(?= (user|trusted|security|system)\.|$)/s;
