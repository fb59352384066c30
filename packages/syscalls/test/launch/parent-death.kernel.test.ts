import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { machine, requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { compile } from '../../src/compile.ts';
import { syscall } from '../../src/index.ts';
import { launcherPath } from '../../src/launcher.ts';
import { openChannels } from '../../src/stdio.ts';

const fixture = fileURLToPath(new URL('./fixtures/parent.ts', import.meta.url));
const soon = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Starts the fixture, kills it at the given line of its output, some time later, and returns who outlives it by a second. */
async function survivors(hops: number, line: string, delay: number): Promise<number[]> {
  const mark = `estiba-mark-${process.pid}-${hops}-${line}-${delay}`;
  const parent = spawn(process.execPath, ['--conditions=estiba-source', fixture, mark, String(hops)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  for await (const chunk of parent.stdout) {
    output += chunk;
    if (output.includes(line)) break;
  }
  expect(output).toContain(line);
  if (line === 'running') expect(marked(mark)).toHaveLength(20);
  await soon(delay);
  parent.kill('SIGKILL');
  for (let tries = 0; tries < 50 && marked(mark).length > 0; tries++) await soon(20);
  const left = marked(mark);
  for (const pid of left) process.kill(pid, 'SIGKILL');
  return left;
}

function marked(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && commandOf(pid).startsWith(`${mark}\0`));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

requires({ on: ['host', 'uml'] })('when this process is killed', () => {
  it.each([0, 2])('all that it started die with it (%i hops)', async (hops) => {
    expect(await survivors(hops, 'running', 0)).toEqual([]);
  });

  // There a tick is 10 ms, and starting Node takes a second or more.
  it.each(machine() === 'uml' ? [0, 10] : [0, 1, 2, 3])(
    'also those that are only starting (after %i ms)',
    async (delay) => {
      expect(await survivors(2, 'started', delay)).toEqual([]);
    },
  );

  // What a process finds that was made just before: its parent is another, though somebody still holds the socket.
  it.each<[string, boolean, number]>([
    ['ends', true, 125],
    ['goes on, when it need not die with this one', false, 7],
  ])('a process that is not our child by then %s', async (_, dieWithParent, exitCode) => {
    using channels = openChannels('ignore');
    using ours = channels.socket();
    writeSync(ours.number, compile([syscall('exit_group', 7)], { reportFd: 3, dieWithParent }).program);
    const launcher = `/proc/${process.pid}/fd/${launcherPath().split('/').pop()}`;
    const shell = spawn('sh', ['-c', '"$1" 3; echo $?', 'sh', launcher], {
      stdio: ['ignore', 'pipe', 'inherit', channels.theirs],
    });
    const [output] = await Promise.all([text(shell.stdout as never), once(shell, 'close')]);
    expect(output).toBe(`${exitCode}\n`);
  });
});
