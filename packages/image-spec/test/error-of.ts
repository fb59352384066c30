import { ImageSpecError } from '../src/index.ts';

/** What the action throws, which has to be one of ours. */
export function errorOf(action: () => unknown): ImageSpecError {
  try {
    action();
  } catch (error) {
    if (error instanceof ImageSpecError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
