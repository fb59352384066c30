import { ImageSpecError } from '../error.ts';

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
  if (Number.isNaN(Date.parse(created)) || !rfc3339.test(created)) throw invalid('created', created);
  return created;
}

// A text stays as it is: a Date would lose the nanoseconds.
const rfc3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

function sourceDate(seconds: string | undefined): string | undefined {
  if (seconds === undefined || seconds === '') return undefined;
  if (!/^\d{1,12}$/.test(seconds)) throw invalid('SOURCE_DATE_EPOCH', seconds);
  return format(new Date(Number(seconds) * 1000), 'SOURCE_DATE_EPOCH');
}

function format(date: Date, name: string): string {
  if (Number.isNaN(date.getTime())) throw invalid(name, String(date));
  return date.toISOString().replace('.000Z', 'Z');
}

function invalid(name: string, value: string): ImageSpecError {
  const wanted = name === 'created' ? 'a Date, or a time such as 2026-01-31T12:00:00Z' : 'seconds since 1970';
  return new ImageSpecError('TIME_INVALID', `cannot note ${JSON.stringify(value)} as ${name}: it has to be ${wanted}`);
}
