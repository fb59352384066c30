import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type Collected, collect } from '../tar/collect.ts';

export async function entriesOf(layer: Readable): Promise<Collected[]> {
  return collect(await buffer(layer));
}

/** Names, with what a hard link is to. */
export async function namesIn(layer: Readable): Promise<string[]> {
  const entries = await entriesOf(layer);
  return entries.map(({ type, name, link }) => (type === 'hardlink' ? `${name} = ${link}` : name.toString('latin1')));
}
