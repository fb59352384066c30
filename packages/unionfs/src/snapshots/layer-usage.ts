import { existsSync, lstatSync } from 'node:fs';
import { Fd } from '@estiba/syscalls';
import { type Usage, usageOf } from '../volumes/usage.ts';
import { backendOf, flatOf, type Layer } from './layers.ts';

/** What a layer takes on the disk; what was made of it and those below counts too, as it goes with it. */
export async function layerUsage(layer: Layer): Promise<Usage> {
  const parts = [backendOf(layer).contentIn(layer.directory), flatOf(layer)].filter(existsSync);
  const usages = await Promise.all(parts.map(usageAt));
  return {
    bytes: usages.reduce((sum, { bytes }) => sum + bytes, 0),
    inodes: usages.reduce((sum, { inodes }) => sum + inodes, 0),
  };
}

async function usageAt(path: string): Promise<Usage> {
  const stats = lstatSync(path);
  if (!stats.isDirectory()) return { bytes: stats.blocks * 512, inodes: 1 };
  using directory = Fd.open(path);
  return await usageOf(directory.number);
}
