import { ImageSpecError } from '../error.ts';
import { isTime } from '../image-config.ts';

export interface CreatedOptions {
  /**
   * When the change was made. Unless told it is SOURCE_DATE_EPOCH of the environment, and without that no time is noted: the
   * same change makes the same bytes. https://reproducible-builds.org/specs/source-date-epoch/
   */
  readonly created?: Date | string | undefined;
}

/** RFC 3339, as Go writes it. Throws TIME_INVALID. */
export function createdTime({ created }: CreatedOptions): string | undefined {
  if (created === undefined) return sourceDate(process.env.SOURCE_DATE_EPOCH);
  if (typeof created !== 'string') return format(created, 'created');
  // A text stays as it is: a Date would lose the nanoseconds.
  if (!isTime(created)) throw invalid('created', created);
  return created;
}

function sourceDate(seconds: string | undefined): string | undefined {
  if (seconds === undefined || seconds === '') return undefined;
  if (!/^\d{1,12}$/.test(seconds)) throw invalid('SOURCE_DATE_EPOCH', seconds);
  return format(new Date(Number(seconds) * 1000), 'SOURCE_DATE_EPOCH', seconds);
}

function format(date: Date, name: string, shown: string = String(date)): string {
  const text = Number.isNaN(date.getTime()) ? '' : date.toISOString().replace('.000Z', 'Z');
  // Years of more than four digits have no place in it.
  if (!isTime(text)) throw invalid(name, shown);
  return text;
}

function invalid(name: string, value: string): ImageSpecError {
  const wanted = name === 'created' ? 'a Date, or a time such as 2026-01-31T12:00:00Z' : 'seconds since 1970';
  return new ImageSpecError('TIME_INVALID', `cannot note ${JSON.stringify(value)} as ${name}: it has to be ${wanted}`);
}
