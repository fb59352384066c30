/** What a result was measured on: without it, figures mean nothing to anybody else. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';

export function describeMachine(commands: readonly string[]): Record<string, string> {
  return {
    date: new Date().toISOString(),
    commit: commit(),
    cpu: `${cpus()[0]?.model.trim() ?? 'unknown'}, ${cpus().length} processors`,
    memory: `${Math.round(totalmem() / 2 ** 20)} MB`,
    kernel: readFileSync('/proc/version', 'utf8').split(' ').slice(0, 3).join(' '),
    node: process.version,
    ...Object.fromEntries(commands.map((name) => [name, version(name)])),
  };
}

/** Programs that run or want to, over the last minute. */
export function load(): string {
  return (loadavg()[0] ?? Number.NaN).toFixed(2);
}

function commit(): string {
  const git = (...args: string[]) => output('git', ['-C', import.meta.dirname, ...args]);
  const changed = git('status', '--porcelain', '--', '../packages', '.', ':!results') !== '';
  return `${git('rev-parse', '--short', 'HEAD') || 'unknown'}${changed ? ', with changes' : ''}`;
}

function version(name: string): string {
  // That of e2fsprogs knows no long options.
  const [line = ''] = output(name, [name.startsWith('mkfs.') ? '-V' : '--version']).split('\n');
  return line.slice(0, 80) || 'unknown';
}

function output(name: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(name, args, { encoding: 'utf8', timeout: 10_000 });
  return (stdout || stderr || '').trim();
}
