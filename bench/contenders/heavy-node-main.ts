/** The process behind HeavyNode. Arguments: MB to hold, root file system; then a word a line on the input. */
import { createInterface } from 'node:readline';
import { childProcess } from './child-process.ts';
import { ours } from './ours.ts';

const [size = '', rootfs = ''] = process.argv.slice(2);
const PIECE = 16 << 20;
const ballast: Buffer[] = [];
const contenders = new Map([
  ['run', ours('run', { rootfs })],
  ['spawn', childProcess('spawn')],
]);

// Warm before it is weighed, and every page touched: what is only promised costs a fork nothing.
for (const { run } of contenders.values()) await run();
while (megabytes() < Number(size))
  ballast.push(Buffer.alloc(Math.min(PIECE, (Number(size) - megabytes()) * 2 ** 20), 1));
console.log(megabytes());

for await (const word of createInterface({ input: process.stdin })) {
  const start = performance.now();
  await contenders.get(word)?.run();
  console.log(performance.now() - start);
}

function megabytes(): number {
  return Math.ceil(process.memoryUsage.rss() / 2 ** 20);
}
