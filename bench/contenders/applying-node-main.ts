/**
 * Takes in the layer on its input, once. Arguments: `applyLayer` or `writeErofs`, and a folder. Says a line when it is ready,
 * and at the end milliseconds, bytes of the layer, and by how many bytes its memory grew at most.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { applyLayer, writeErofs } from '@estiba/unionfs';

const [what = '', folder = ''] = process.argv.slice(2);

// From here on the kernel remembers the most that it had. proc_pid_clear_refs(5)
writeFileSync('/proc/self/clear_refs', '5');
const idle = peak();
console.log('ready');
const start = performance.now();
const { size } =
  what === 'writeErofs'
    ? await writeErofs(process.stdin, join(folder, 'image'), { transfer: true })
    : await applyLayer(process.stdin, folder);
console.log(performance.now() - start, size, peak() - idle);

/** Resident, with all threads, in bytes. proc_pid_status(5) */
function peak(): number {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}
