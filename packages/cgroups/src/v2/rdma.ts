import { parseNumber, readControl } from '../control-file.ts';
import type { Controller } from '../controller.ts';
import type { RdmaLimits, RdmaResources, RdmaStat } from '../controllers/rdma.ts';
import { setting } from '../setting.ts';

/** One device in each write. https://docs.kernel.org/admin-guide/cgroup-v2.html#rdma-interface-files */
export const rdmaSettings: Controller<RdmaLimits> = ({ max }) =>
  Object.entries(max).flatMap(([device, { hcaHandle, hcaObject }]) => {
    const pairs = [...pair('hca_handle', hcaHandle), ...pair('hca_object', hcaObject)];
    return pairs.length === 0 ? [] : setting('rdma.max', [device, ...pairs].join(' '));
  });

export function readRdma(directory: string): RdmaStat {
  return {
    current: parseRdma(readControl(directory, 'rdma.current')),
    max: parseRdma(readControl(directory, 'rdma.max')),
  };
}

/** Lines such as `mlx5_0 hca_handle=2 hca_object=max`. */
export function parseRdma(text: string): Record<string, RdmaResources> {
  const lines = text.split('\n').filter((line) => line !== '');
  return Object.fromEntries(
    lines.map((line) => {
      const [device = '', ...pairs] = line.trimEnd().split(' ');
      return [device, Object.fromEntries(pairs.map(parsePair))];
    }),
  );
}

function pair(name: string, amount: number | 'max' | undefined): string[] {
  return amount === undefined ? [] : [`${name}=${amount}`];
}

function parsePair(text: string): [string, number] {
  const [name = '', amount = ''] = text.split('=');
  return [name.replace(/_[a-z]/g, (letter) => letter.slice(1).toUpperCase()), parseNumber(amount)];
}
