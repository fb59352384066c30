import type { ImageConfig } from '../image-config.ts';

export type HistoryEntry = NonNullable<ImageConfig['history']>[number];

/**
 * The history of an image, with an entry for each of its layers: those that are missing are put at the bottom, where images
 * come from that have none. https://github.com/opencontainers/image-spec/blob/main/config.md#properties
 */
export function fullHistory({ history, rootfs }: Pick<ImageConfig, 'history' | 'rootfs'>): HistoryEntry[] {
  const entries = history ?? [];
  const missing = rootfs.diff_ids.length - entries.filter(hasLayer).length;
  return [...Array.from({ length: Math.max(missing, 0) }, () => ({ comment: 'not recorded' })), ...entries];
}

/** An image need not have any; one that was never recorded is not begun just because something changed. */
export function orNone(history: HistoryEntry[], ...recorded: readonly unknown[]): { history?: HistoryEntry[] } {
  return recorded.some((each) => each != null && (!Array.isArray(each) || each.length > 0)) ? { history } : {};
}

/** What was recorded above a number of layers; entries without a layer go with the layer below them. */
export function historyAbove(entries: readonly HistoryEntry[], layers: number): HistoryEntry[] {
  let left = layers;
  const first = entries.findIndex((entry) => hasLayer(entry) && left-- === 0);
  return first === -1 ? [] : entries.slice(first);
}

export function hasLayer(entry: HistoryEntry): boolean {
  return entry.empty_layer !== true;
}
