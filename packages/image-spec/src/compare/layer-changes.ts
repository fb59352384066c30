import type { Descriptor } from '../descriptor.ts';
import type { Digest } from '../digest.ts';
import type { StackedLayer } from '../layer-stack.ts';

export interface LayerPlace {
  /** From 0, the lowest. */
  readonly position: number;
  readonly descriptor: Descriptor;
}

/**
 * What became of a layer. `same`: it is where it was; `moved`: it has another position; `repacked`: the same content is compressed in
 * another way, wherever it is.
 */
export type LayerChange = { readonly diffId: Digest } & (
  | { readonly kind: 'same' | 'moved' | 'repacked'; readonly before: LayerPlace; readonly after: LayerPlace }
  | { readonly kind: 'added'; readonly after: LayerPlace }
  | { readonly kind: 'removed'; readonly before: LayerPlace }
);

/** Those of the second image lowest first, each removed one where it was. */
export function layerChanges(before: readonly StackedLayer[], after: readonly StackedLayer[]): LayerChange[] {
  const partners = pair(before, after);
  const changes = after.map((layer, position): LayerChange => {
    const there = { position, descriptor: layer.descriptor };
    const from = partners.get(position);
    const old = from === undefined ? undefined : before[from];
    if (from === undefined || old === undefined) return { diffId: layer.diffId, kind: 'added', after: there };
    const repacked = old.descriptor.digest !== layer.descriptor.digest;
    const kind = repacked ? 'repacked' : from === position ? 'same' : 'moved';
    return { diffId: layer.diffId, kind, before: { position: from, descriptor: old.descriptor }, after: there };
  });
  const kept = new Set(partners.values());
  for (const [position, { diffId, descriptor }] of before.entries()) {
    if (kept.has(position)) continue;
    const at = changes.findIndex((change) => 'after' in change && change.after.position >= position);
    const removed: LayerChange = { diffId, kind: 'removed', before: { position, descriptor } };
    changes.splice(at === -1 ? changes.length : at, 0, removed);
  }
  return changes;
}

/** One image may have the same layer several times. Those that stayed where they were are paired first. */
function pair(before: readonly StackedLayer[], after: readonly StackedLayer[]): Map<number, number> {
  const partners = new Map<number, number>();
  const free = new Set(before.keys());
  for (const [position, { diffId }] of after.entries()) {
    if (before[position]?.diffId === diffId && free.delete(position)) partners.set(position, position);
  }
  for (const [position, { diffId }] of after.entries()) {
    if (partners.has(position)) continue;
    const from = [...free].find((other) => before[other]?.diffId === diffId);
    if (from !== undefined && free.delete(from)) partners.set(position, from);
  }
  return partners;
}
