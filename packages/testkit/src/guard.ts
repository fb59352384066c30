import { afterAll, beforeAll } from 'vitest';
import { leftovers } from './leftovers.ts';

/** Fails a test file whose tests leave anything behind. Hooks run outermost: set up first, looked at last. */
export function guard(): void {
  let left: (() => Promise<string[]>) | undefined;
  beforeAll(() => {
    left = leftovers();
  });
  afterAll(async () => {
    const found = (await left?.()) ?? [];
    if (found.length > 0)
      throw new Error(`the tests of this file leave behind:\n${found.map((text) => `  ${text}`).join('\n')}`);
  });
}
