import { existsSync, lstatSync } from 'node:fs';
import { type Usage, usageAt } from '../volumes/usage.ts';
import { backendOf, flatOf, type Layer } from './layers.ts';

/** What a layer takes on the disk; what was made of it and those below counts too, as it goes with it. */
export async function layerUsage(layer: Layer): Promise<Usage> {
  const parts = [backendOf(layer).contentIn(layer.directory), flatOf(layer)].filter(existsSync);
  const usages = await Promise.all(parts.map(usageOf));
  return {
    bytes: usages.reduce((sum, { bytes }) => sum + bytes, 0),
    inodes: usages.reduce((sum, { inodes }) => sum + inodes, 0),
  };
}

/** Nothing, of what has been removed meanwhile. */
async function usageOf(path: string): Promise<Usage> {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory() === false) return { bytes: stats.blocks * 512, inodes: 1 };
  return (await usageAt(path)) ?? { bytes: 0, inodes: 0 };
}
