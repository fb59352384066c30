/** Who keeps a mount busy. proc_pid_fd(5), proc_pid_cwd(5) */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { mountsBelow } from './mounts-below.ts';

const enough = 5;

/** In words, a few at most; others' processes only as far as this user may look into them. */
export async function usersOf(path: string): Promise<string[]> {
  const users = (await mountsBelow(path)).map(({ target }) => `the mount on ${target}`);
  for (const pid of (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name))) {
    if (users.length >= enough) break;
    const file = await fileOf(pid, path);
    if (file !== undefined) users.push(`${await nameOf(pid)} (${file})`);
  }
  return users.slice(0, enough);
}

async function fileOf(pid: string, path: string): Promise<string | undefined> {
  const fds = await orElse(readdir(`/proc/${pid}/fd`), []);
  for (const link of ['cwd', 'root', 'exe', ...fds.map((fd) => `fd/${fd}`)]) {
    const file = await orElse(readlink(`/proc/${pid}/${link}`), '');
    if (file === path || file.startsWith(`${path}/`)) return file;
  }
  return undefined;
}

async function nameOf(pid: string): Promise<string> {
  if (Number(pid) === process.pid) return 'this process';
  return `process ${pid}, ${(await orElse(readFile(`/proc/${pid}/comm`, 'utf8'), 'gone')).trim()}`;
}

/** Processes end while one looks at them, and those of others are none of our business. */
async function orElse<T>(value: Promise<T>, instead: T): Promise<T> {
  try {
    return await value;
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return instead;
    throw error;
  }
}
