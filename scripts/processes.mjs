// Child processes of the development scripts.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** Run a program in the foreground; its end, if it is not a success, becomes ours. */
export async function run(program, args, { cwd, env }) {
  const child = spawn(program, args, { cwd, env, stdio: 'inherit' });
  // A terminal sends its signals to the whole group, so passing SIGINT on would deliver it twice there.
  const passed = process.stdin.isTTY ? ['SIGTERM', 'SIGHUP'] : ['SIGTERM', 'SIGHUP', 'SIGINT'];
  const pass = (signal) => child.kill(signal);
  const ignore = () => {};
  for (const signal of passed) process.on(signal, pass);
  process.on('SIGINT', ignore);
  const { code, signal } = await ended(child, args[0]);
  for (const name of passed) process.off(name, pass);
  process.off('SIGINT', ignore);
  if (signal) {
    process.kill(process.pid, signal);
    // A signal that somebody made this process ignore must not turn into a success.
    await new Promise((resolve) => setTimeout(resolve, 100));
    process.exit(1);
  }
  if (code !== 0) process.exit(code);
}

/** Run something whose output matters only when it fails. Rejects with an Interruption when a signal ends us meanwhile. */
export async function quietly(what, command, args, { cwd, env }) {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = [];
  child.stdout.on('data', (chunk) => output.push(chunk));
  child.stderr.on('data', (chunk) => output.push(chunk));
  let interruption;
  const interrupt = (signal) => {
    interruption ??= new Interruption(signal);
    child.kill(signal);
  };
  for (const signal of signals) process.on(signal, interrupt);
  // Waited for even so: whoever cleans up must not do so while the child still writes.
  const { code, signal } = await ended(child, what).finally(() => {
    for (const name of signals) process.off(name, interrupt);
  });
  if (interruption) throw interruption;
  if (code === 0) return;
  process.stderr.write(Buffer.concat(output));
  throw new Error(`${what} failed with ${signal ?? `status ${code}`}; its output is above`);
}

const signals = ['SIGHUP', 'SIGINT', 'SIGTERM'];

export class Interruption extends Error {
  constructor(signal) {
    super(`interrupted by ${signal}`);
    /** What a shell reports of a process that the signal has killed. */
    this.exitStatus = 128 + constants.signals[signal];
  }
}

function ended(child, what) {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(new Error(`cannot start ${what}: ${cause.message}`, { cause })));
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
}
