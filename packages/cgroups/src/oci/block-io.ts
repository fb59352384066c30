import type { IoLimits, IoMax } from '../controllers/io.ts';
import type { Reader } from './reader.ts';

/**
 * Weights stay what they are, those of bfq: which file they go into, and how, is seen when they are written.
 * https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#block-io
 */
export function ioOfOci(blockIo: Reader): IoLimits {
  const weight = blockIo.number('weight') ?? 0;
  const weights = blockIo.list('weightDevice').flatMap(weightOf);
  const max = rates.flatMap(([key, rate]) => blockIo.list(key).map((each) => rateOf(each, rate)));
  blockIo.ignore('leafWeight', LEAF);
  blockIo.end();
  return {
    ...(weight !== 0 && { bfqWeight: weight }),
    ...(weights.length > 0 && { bfqDeviceWeights: weights }),
    ...(max.length > 0 && { max }),
  };
}

const rates: readonly (readonly [string, Exclude<keyof IoMax, 'device'>])[] = [
  ['throttleReadBpsDevice', 'readBytes'],
  ['throttleWriteBpsDevice', 'writeBytes'],
  ['throttleReadIOPSDevice', 'readOps'],
  ['throttleWriteIOPSDevice', 'writeOps'],
];

const LEAF = 'only the scheduler cfq knew it, which Linux 5.0 removed';

function weightOf(entry: Reader): { device: string; weight: number }[] {
  const device = deviceOf(entry);
  const weight = entry.number('weight') ?? 0;
  entry.ignore('leafWeight', LEAF);
  entry.end();
  return weight === 0 ? [] : [{ device, weight }];
}

function rateOf(entry: Reader, key: Exclude<keyof IoMax, 'device'>): IoMax {
  const device = deviceOf(entry);
  const rate = entry.required('rate');
  entry.end();
  const most = key === 'readOps' || key === 'writeOps' ? 2 ** 32 - 2 : Number.MAX_SAFE_INTEGER;
  return { device, [key]: rate === 0 || rate > most ? 'max' : rate };
}

function deviceOf(entry: Reader): string {
  return `${entry.required('major')}:${entry.required('minor')}`;
}
