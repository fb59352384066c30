/** Contenders take turns, one run of each a round: whatever else the machine does hits them alike. */
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from './figures.ts';

export interface Contender {
  readonly name: string;
  /** One run; milliseconds, if somebody nearer to it has measured them, instead of those of the whole call. */
  readonly run: () => Promise<number | undefined>;
  /** Runs a round, of which the median counts: for what is short beside the others. */
  readonly repeat?: number;
  /** What is made before a run and removed after it; not measured. */
  readonly before?: () => Promise<void> | void;
  readonly after?: () => Promise<void> | void;
}

export interface RoundsOptions {
  readonly rounds: number;
  readonly warmup: number;
  /** No further round is begun then, if there were three. */
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/** The kernel takes network namespaces and cgroups down after their end: that is not to be on the next one's bill, in ms. */
const PAUSE = 4;

/** Samples of each contender, in milliseconds; at the same place in each list those of the same round. */
export async function playRounds(contenders: readonly Contender[], options: RoundsOptions): Promise<number[][]> {
  const samples = contenders.map((): number[] => []);
  const end = performance.now() + options.seconds * 1_000;
  for (let round = -options.warmup; round < options.rounds; round++) {
    if (round >= 3 && performance.now() > end) break;
    for (const index of orderOf(round + options.warmup, contenders.length)) {
      options.signal.throwIfAborted();
      const time = await playRepeatedly(contenders[index] as Contender);
      if (round >= 0) samples[index]?.push(time);
    }
  }
  return samples;
}

async function playRepeatedly(contender: Contender): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < (contender.repeat ?? 1); run++) times.push(await play(contender));
  return median(times);
}

async function play(contender: Contender): Promise<number> {
  await contender.before?.();
  await sleep(PAUSE);
  try {
    const start = performance.now();
    const own = await contender.run();
    return own ?? performance.now() - start;
  } catch (cause) {
    throw new Error(`${contender.name} failed: ${(cause as Error).message}`, { cause });
  } finally {
    await contender.after?.();
  }
}

/** Everybody comes first, and comes last, equally often: the start moves on, the direction turns. */
export function orderOf(round: number, count: number): number[] {
  const order = Array.from({ length: count }, (_, index) => (index + (round >> 1)) % count);
  return round % 2 === 0 ? order : order.reverse();
}
