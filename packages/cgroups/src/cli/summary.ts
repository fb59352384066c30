import { constants } from 'node:os';
import type { Stat } from '../stat.ts';
import { formatBytes, formatMicros } from './sizes.ts';

/** How a command ended, and what it and its children used. */
export interface Summary {
  readonly command: readonly string[];
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** From its start to its end. */
  readonly wallMicros: number;
  readonly stat: Stat;
}

/** What the shell makes of it: 128 and the number of the signal. */
export function statusOf({ exitCode, signal }: Pick<Summary, 'exitCode' | 'signal'>): number {
  return exitCode ?? (signal === null ? 1 : 128 + (constants.signals[signal] ?? 0));
}

/** A line on how it ended, and one for each kind of thing that was counted. */
export function formatSummary(summary: Summary): string {
  const { stat, wallMicros } = summary;
  const rows = [['time', formatMicros(wallMicros)], ...memoryRow(stat), ...cpuRow(stat, wallMicros)];
  return [ending(summary), ...rows.map(([name = '', text]) => `  ${name.padEnd(8)}${text}`)].join('\n');
}

function ending({ command, exitCode, signal, stat }: Summary): string {
  const how = signal === null ? (exitCode === 0 ? 'ended well' : `exited with ${exitCode}`) : `was ended by ${signal}`;
  const { oomKills } = stat.memory;
  const why =
    oomKills > 0 ? `; out of memory, ${oomKills === 1 ? '1 process was' : `${oomKills} processes were`} killed` : '';
  return `${command[0]} ${how}${why}`;
}

function memoryRow({ memory }: Stat): string[][] {
  if (Number.isNaN(memory.peak)) return [];
  const limit = memory.max === Number.POSITIVE_INFINITY ? '' : `, limit ${formatBytes(memory.max)}`;
  return [['memory', `${formatBytes(memory.peak)} at most${limit}`]];
}

function cpuRow({ cpu }: Stat, wallMicros: number): string[][] {
  if (Number.isNaN(cpu.usageMicros)) return [];
  const throttled = cpu.throttledMicros > 0 ? `, held back for ${formatMicros(cpu.throttledMicros)}` : '';
  const share = `${(cpu.usageMicros / Math.max(wallMicros, 1)).toFixed(2)} CPUs`;
  return [['cpu', `${formatMicros(cpu.usageMicros)}, ${share}${throttled}`]];
}
