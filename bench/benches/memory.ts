/** What a start costs in a Node that holds much memory: fork(2) copies page tables, posix_spawn(3) does not. */
import type { Bench } from '../bench.ts';
import { debianTree } from '../contenders/debian-tree.ts';
import { HeavyNode } from '../contenders/heavy-node.ts';
import { median } from '../figures.ts';

/** Resident, in MB; the first is what it has when our packages are loaded. */
const sizes = [0, 300, 1000] as const;

export async function memory(bench: Bench): Promise<void> {
  const rootfs = await debianTree(bench);
  await using stack = new AsyncDisposableStack();
  const nodes: HeavyNode[] = [];
  for (const size of sizes) nodes.push(stack.use(await HeavyNode.start(size, rootfs)));
  const name = (what: string, node: HeavyNode) => `${what} ${node.size === 0 ? 'at rest' : `at ${node.size} MB`}`;
  const samples = await bench.compare({
    title: "start by Node's memory",
    note: `three Nodes, resident: ${nodes.map((node) => `${node.resident} MB`).join(', ')}; run on a directory, without limits`,
    ours: 'run at rest',
    contenders: nodes.flatMap((node) => [
      { name: name('run', node), run: () => node.time('run') },
      { name: name('child_process.spawn of /bin/true', node), run: () => node.time('spawn') },
    ]),
    rounds: 100,
    warmup: 10,
  });
  const [small = [], large = []] = ['run at rest', 'run at 1000 MB'].map((key) => samples.get(key) ?? []);
  bench.claims.push({
    text: 'run at 1000 MB costs more than at rest, in ms',
    value: median(large.map((time, round) => time - (small[round] ?? Number.NaN))),
    bound: 0.3,
  });
}
