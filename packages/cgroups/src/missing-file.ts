import { errnoOf } from './refusal.ts';

/** What is read, or this where the file is not there: it came with a later kernel, or with an option that this one lacks. */
export function ifThere<T>(missing: T, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return missing;
    throw error;
  }
}
