/** On how much of a stack an overlay stands: on all of it, or on its upper part and one directory that holds the rest. */
import { contentOf, flatOf, hasFlat, type Layer } from './layers.ts';

export interface Standing {
  /** The topmost first. */
  readonly layers: readonly Layer[];
  /** The layer whose flat form is the bottom. */
  readonly flat?: Layer;
}

/** Whether the kernel takes so many directories with so long paths. */
export type Fits = (paths: readonly string[]) => boolean;

/** Throws what is thrown for too many when not even one fits. */
export function standOn(stack: readonly Layer[], fits: Fits): Standing | { readonly missing: readonly Layer[] } {
  const paths = stack.map(contentOf);
  if (fits(paths)) return { layers: stack };
  const flatAt = (index: number): Layer => stack[index] as Layer;
  const highest = mostThatFit(stack.length, (above) => fits([...paths.slice(0, above), flatOf(flatAt(above))]));
  for (let above = highest; above >= 0; above--) {
    if (hasFlat(flatAt(above))) return { layers: stack.slice(0, above), flat: flatAt(above) };
  }
  // In the middle of what fits: the next layers that come on top will still find it of use.
  return { missing: stack.slice(Math.floor(Math.max(highest, 0) / 2)) };
}

export function pathsOf({ layers, flat }: Standing): string[] {
  return [...layers.map(contentOf), ...(flat === undefined ? [] : [flatOf(flat)])];
}

/** Fewer than `end`; -1 when not even none does. */
function mostThatFit(end: number, fit: (count: number) => boolean): number {
  let [low, high] = [-1, end];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (fit(middle)) low = middle;
    else high = middle;
  }
  return low;
}
