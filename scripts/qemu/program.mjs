// A program that does not outlive whoever started it.
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';

/** Its output goes to `NAME.log` in the work folder. It is killed when the signal aborts, when its scope ends, or with us. */
export function start(name, command, { work, signal }) {
  const log = join(work, `${name}.log`);
  const output = openSync(log, 'w');
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...command], { stdio: ['ignore', output, output] });
  closeSync(output);
  let isOver = false;
  const kill = () => child.kill('SIGKILL');
  const ended = new Promise((resolve) => {
    for (const event of ['error', 'close']) child.once(event, resolve);
  }).then(() => {
    isOver = true;
    signal.removeEventListener('abort', kill);
  });
  signal.addEventListener('abort', kill);
  if (signal.aborted) kill();
  return {
    log,
    ended,
    hasEnded: () => isOver,
    async [Symbol.asyncDispose]() {
      kill();
      await ended;
    },
  };
}
