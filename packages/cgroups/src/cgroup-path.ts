import { CgroupError } from './cgroup-error.ts';

/** Where cgroups are made unless another folder is named: never among those of systemd or of another engine. */
export const DEFAULT_FOLDER = '/estiba';

/** The path, if it lies below the folder. cgroup file systems have no links, so the string is the whole truth. */
export function checkPathBelow(folder: string, path: string): string {
  checkPath(folder);
  checkPath(path);
  if (folder === '/' ? path === '/' : !path.startsWith(`${folder}/`)) {
    throw invalid(path, `it must lie below ${folder}; name another place with the option folder`);
  }
  return path;
}

/** An absolute path, relative to the root of every hierarchy: `/` or `/estiba/web`. */
export function checkPath(path: string): string {
  if (!path.startsWith('/')) throw invalid(path, "it must begin with '/', the root of the hierarchy");
  if (path !== '/') for (const name of path.slice(1).split('/')) checkName(name, path);
  return path;
}

export function checkName(name: string, path: string): void {
  if (name === '') throw invalid(path, 'it has an empty component');
  if (name === '.' || name === '..') throw invalid(path, `'${name}' is not a name`);
  // The kernel refuses newlines, because they would break /proc/PID/cgroup apart.
  if (/[\n\0/]/.test(name)) throw invalid(path, 'a name has no slash, newline or NUL');
  if (Buffer.byteLength(name) > 255) throw invalid(path, 'a name has at most 255 bytes');
}

function invalid(path: string, problem: string): CgroupError {
  return new CgroupError('PATH_INVALID', `cannot use ${JSON.stringify(path)} as a cgroup: ${problem}`, { path });
}
