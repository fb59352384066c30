import type { Fault } from './fault.ts';
import type { RegistryRequest } from './request-log.ts';

/** The faults that are still to happen. */
export class Faults {
  #faults: { fault: Fault; passing: number; left: number }[] = [];

  add(fault: Fault): void {
    this.#faults.push({ fault, passing: fault.after ?? 0, left: fault.times ?? 1 });
  }

  clear(): void {
    this.#faults = [];
  }

  /** The first fault that hits the request, used up by one. Those that let it pass have seen it. */
  take(request: RegistryRequest): Fault | undefined {
    for (const each of this.#faults) {
      if (each.left === 0 || !hits(each.fault, request)) continue;
      if (each.passing > 0) {
        each.passing -= 1;
        continue;
      }
      each.left -= 1;
      return each.fault;
    }
    return undefined;
  }
}

function hits({ method, path, server = 'registry' }: Fault, request: RegistryRequest): boolean {
  if (server !== request.server || (method !== undefined && method !== request.method)) return false;
  if (path === undefined) return true;
  // Unlike `test`, `search` does not go on where a pattern with the flag g was last found.
  return typeof path === 'string' ? request.path.includes(path) : request.path.search(path) !== -1;
}
