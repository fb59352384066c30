/** What a large layer needs of memory: no more than a small one. */
import type { Bench } from '../bench.ts';
import { applyElsewhere } from '../contenders/applying-node.ts';
import { largeLayer } from '../contenders/large-layer.ts';
import { intoTarget } from '../contenders/target.ts';

export async function layerMemory(bench: Bench): Promise<void> {
  // Both are written to memory, which the cgroup of the bench limits; pages of files there are nobody's resident memory.
  const [memory] = bench.places;
  if (memory === undefined) throw new TypeError('a bench has at least one place');
  const bytes = bench.quick ? 2 ** 28 : 4 * 10 ** 9;
  const growths = new Map<string, number>();
  const contenders = (['applyLayer', 'writeErofs'] as const).map((name) => ({
    name,
    async run(target: string) {
      const { milliseconds, size, growth } = await applyElsewhere(name, largeLayer(bytes), target, bench.signal);
      if (size < bytes) throw new Error(`it took in ${size} of ${bytes} bytes`);
      growths.set(name, Math.max(growths.get(name) ?? 0, growth));
      return milliseconds;
    },
  }));
  await bench.compare({
    title: `a layer of ${Math.round(bytes / 1e6)} MB`,
    note: `${Math.ceil(bytes / 65536)} files of 64 KiB, gzip, through a pipe, to memory, the buffers handed over to writeErofs (transfer) and not to applyLayer; for the memory that it takes see the claims`,
    ours: 'applyLayer',
    contenders: contenders.map((contender) => intoTarget(contender, memory, bench)),
    rounds: 2,
    warmup: 0,
    seconds: 120,
  });
  for (const [name, growth] of growths) {
    const text = `${name} of ${Math.round(bytes / 1e6)} MB: resident memory above idle, in MB`;
    bench.claims.push({ text, value: growth / 1e6, bound: 150 });
  }
}
