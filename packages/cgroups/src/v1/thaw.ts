import { readFileSync } from 'node:fs';
import { writeControl } from '../control-file.ts';
import { descendants } from '../directories.ts';
import { ifThere } from '../missing-file.ts';
import { type Place, placeOf } from '../place.ts';
import { refusal } from '../refusal.ts';

/** Frozen by v1, here or in a cgroup inside, a process dies only when it is thawed. */
export function thawV1(places: readonly Place[], path: string): void {
  const freezer = placeOf(places, 'freezer')?.directory;
  if (freezer === undefined) return;
  for (const directory of ifThere<string[]>([], () => [freezer, ...descendants(freezer)])) thaw(directory, path);
}

function thaw(directory: string, path: string): void {
  try {
    ifThere(undefined, () => writeControl(directory, 'freezer.state', 'THAWED'));
  } catch (cause) {
    const file = `${directory}/freezer.state`;
    throw refusal(cause, { attempt: `thaw ${path}: write THAWED to ${file}`, path, file, value: 'THAWED' });
  }
}

/** So the processes of a program that was killed while it had frozen them: SIGKILL has come, and waits. */
export function isDying(pid: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const pending = [...status.matchAll(/^(?:SigPnd|ShdPnd):\s*([0-9a-f]+)$/gm)];
    return pending.some(([, signals]) => ((BigInt(`0x${signals}`) >> sigkill) & 1n) === 1n);
  } catch {
    return true;
  }
}

/** The first signal is the lowest bit. proc_pid_status(5) */
const sigkill = 8n;
