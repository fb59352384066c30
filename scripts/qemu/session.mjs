// From the command line to the exit status: one guest, its temporary folder, and the signals that end both.
import { copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { runGuest } from './guest.mjs';
import { prepareKernel } from './kernel.mjs';

/** Ends with the status of the command. What it wrote to /run/guest/results.json is copied to the file `results`. */
export async function runInGuest(command, { prepare = prepareKernel, results } = {}) {
  const interruption = new AbortController();
  for (const name of ['SIGHUP', 'SIGINT', 'SIGTERM']) process.on(name, () => interruption.abort(name));
  const { signal } = interruption;
  try {
    process.exitCode = await inFolder(command, { prepare, results, signal });
  } catch (error) {
    if (!signal.aborted) console.error(`estiba: ${error.message}`);
    process.exitCode = 1;
  }
  // What a shell reports of a process that the signal has killed.
  if (signal.aborted) process.exitCode = 128 + constants.signals[signal.reason];
}

async function inFolder(command, { prepare, results, signal }) {
  const kernel = await prepare();
  const work = mkdtempSync(join(tmpdir(), `estiba-${process.pid}-qemu-`));
  try {
    const status = await runGuest(command, { work, kernel, signal });
    // Made by QEMU, and empty as long as the guest has none.
    const size = statSync(join(work, 'results'), { throwIfNoEntry: false })?.size ?? 0;
    if (results && size > 0) copyFileSync(join(work, 'results'), results);
    return status;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
