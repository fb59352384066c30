import { parseNumber, readControl } from '../control-file.ts';
import type { Controller } from '../controller.ts';
import type { RdmaEvents, RdmaLimits, RdmaResources, RdmaStat } from '../controllers/rdma.ts';
import { ifThere } from '../missing-file.ts';
import { setting } from '../setting.ts';

/** One device in each write. https://docs.kernel.org/admin-guide/cgroup-v2.html#rdma-interface-files */
export const rdmaSettings: Controller<RdmaLimits> = ({ max }) =>
  Object.entries(max).flatMap(([device, { hcaHandle, hcaObject }]) => {
    const pairs = [...pair('hca_handle', hcaHandle), ...pair('hca_object', hcaObject)];
    return pairs.length === 0 ? [] : setting('rdma.max', [device, ...pairs].join(' '));
  });

export function readRdma(directory: string): RdmaStat {
  const peak = ifThere(undefined, () => readResources(directory, 'rdma.peak'));
  const events = ifThere(undefined, () => readEvents(directory, 'rdma.events'));
  const localEvents = ifThere(undefined, () => readEvents(directory, 'rdma.events.local'));
  return {
    current: readResources(directory, 'rdma.current'),
    ...(peak && { peak }),
    max: readResources(directory, 'rdma.max'),
    ...(events && { events }),
    ...(localEvents && { localEvents }),
  };
}

function readResources(directory: string, file: string): Record<string, RdmaResources> {
  return Object.fromEntries(readPairs(directory, file).map(([device, pairs]) => [device, Object.fromEntries(pairs)]));
}

/** The keys are `hca_handle.max` and so on. */
function readEvents(directory: string, file: string): Record<string, RdmaResources<RdmaEvents>> {
  return Object.fromEntries(
    readPairs(directory, file).map(([device, pairs]) => {
      const resources: Record<string, Record<string, number>> = {};
      for (const [key, count] of pairs) {
        const [resource = '', event = ''] = key.split('.');
        resources[resource] = { ...resources[resource], [event]: count };
      }
      return [device, resources];
    }),
  );
}

/** Lines such as `mlx5_0 hca_handle=2 hca_object=max`. */
function readPairs(directory: string, file: string): [device: string, pairs: [string, number][]][] {
  const lines = readControl(directory, file).split('\n');
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const [device = '', ...pairs] = line.trimEnd().split(' ');
      return [device, pairs.map(parsePair)];
    });
}

function pair(name: string, amount: number | 'max' | undefined): string[] {
  return amount === undefined ? [] : [`${name}=${amount}`];
}

function parsePair(text: string): [string, number] {
  const [name = '', amount = ''] = text.split('=');
  return [name.replace(/_[a-z]/g, (letter) => letter.slice(1).toUpperCase()), parseNumber(amount)];
}
