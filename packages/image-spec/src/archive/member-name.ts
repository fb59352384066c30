/** The name as it is compared with others, `a/b`: '' for the root. An error of `refuse` for one that leads out. */
export function memberName(name: string, refuse: (why: string) => Error): string {
  if (name.startsWith('/')) throw refuse('it is absolute');
  return joined([], name, refuse);
}

/** What a symbolic link in the folder of `name` leads to. */
export function linkTarget(name: string, target: string, refuse: (why: string) => Error): string {
  if (target.startsWith('/')) throw refuse(`it leads to ${shown(target)}, out of the archive`);
  return joined(name.split('/').slice(0, -1), target, () => refuse(`it leads to ${shown(target)}, out of the archive`));
}

/** For a message. */
export function shown(name: string): string {
  return JSON.stringify(name.length > 150 ? `${name.slice(0, 150)}…` : name);
}

function joined(parts: string[], name: string, refuse: (why: string) => Error): string {
  const all = [...parts];
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') all.push(part);
    else if (all.pop() === undefined) throw refuse('it leads out of the archive');
  }
  return all.join('/');
}
