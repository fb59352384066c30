/** What a start costs in a Node process that holds much memory: posix_spawn does not copy its page tables. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { run } from '@estiba/runtime';
import { complete, overlayIn } from './start.ts';

export async function benchMemory(options: { rootfs: string; scratch: string }): Promise<void> {
  const overlay = overlayIn(options.scratch, options.rootfs);
  const start = () => complete(run(['/bin/true'], { rootfs: overlay, stdio: 'ignore' }));
  const uv = () => once(spawn('/bin/true', { stdio: 'ignore' }), 'exit');
  const [small, large]: [Minima, Minima] = [
    { ours: [], uv: [] },
    { ours: [], uv: [] },
  ];
  for (let i = 0; i < 20; i++) await start();
  // Alternating, so that a busy moment of the machine does not fall on one size alone.
  for (let round = 0; round < 5; round++) {
    await measure(small, start, uv);
    // Touched, in many pieces, as a program's own memory would be.
    const ballast = Array.from({ length: 16 }, () => Buffer.alloc(64 << 20, 1));
    await measure(large, start, uv);
    ballast.length = 0;
    globalThis.gc?.();
  }
  const megabytes = Math.round(process.memoryUsage.rss() / 2 ** 20);
  console.log(`\nstart cost by Node's memory  (ms; median of 5 minima of 50; resident now ${megabytes} MB)`);
  console.log(`  ${'contender'.padEnd(44)}${'50 MB'.padStart(10)}${'+1 GB'.padStart(10)}${'difference'.padStart(12)}`);
  for (const [name, key] of [
    ['run', 'ours'],
    ['child_process.spawn of /bin/true', 'uv'],
  ] as const) {
    const [a, b] = [median(small[key]), median(large[key])];
    console.log(
      `  ${name.padEnd(44)}${a.toFixed(2).padStart(10)}${b.toFixed(2).padStart(10)}${(b - a).toFixed(2).padStart(12)}`,
    );
  }
}

interface Minima {
  readonly ours: number[];
  readonly uv: number[];
}

async function measure(into: Minima, ours: () => Promise<unknown>, uv: () => Promise<unknown>): Promise<void> {
  into.ours.push(await fastest(ours, 50));
  into.uv.push(await fastest(uv, 10));
}

async function fastest(work: () => Promise<unknown>, runs: number): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    await work();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
