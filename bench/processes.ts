/** Stopping what a bench has started, by process id. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from '@estiba/syscalls';

/** A child of ours and all its descendants; it adopts those of them that lose their parent, so that none is missed. */
export async function stopTree(child: Child): Promise<void> {
  if (!child.pidfd.closed) {
    // Stopped first, it starts nothing new while we look.
    child.kill('SIGSTOP');
    for (let found = descendants(child.pid), tries = 0; found.length > 0 && tries < 500; tries++) {
      for (const pid of found) end(pid);
      await sleep(10);
      found = descendants(child.pid);
    }
  }
  await child[Symbol.asyncDispose]();
}

/** The pid may be taken to belong to somebody who ended; zombies have. */
export function isAlive(pid: number): boolean {
  const state = statusOf(pid)?.state;
  return state !== undefined && state !== 'Z' && state !== 'X';
}

export function end(pid: number): void {
  if (pid <= 1 || pid === process.pid) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function descendants(top: number): number[] {
  const parents = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => [Number(name), statusOf(Number(name))?.parent]),
  );
  const isBelow = (pid: number | undefined): boolean => {
    const parent = pid === undefined ? undefined : parents.get(pid);
    return parent === top || (parent !== undefined && parent > 1 && isBelow(parent));
  };
  return [...parents.keys()].filter((pid) => isBelow(pid) && isAlive(pid));
}

/** The name in parentheses may hold anything. proc_pid_stat(5) */
function statusOf(pid: number): { state: string; parent: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state = '', parent] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}
