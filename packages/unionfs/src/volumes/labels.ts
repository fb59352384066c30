import { UnionfsError } from '../unionfs-error.ts';

/** What people note about a volume. */
export type Labels = Readonly<Record<string, string>>;

export function isLabels(value: unknown): value is Labels {
  return whyNot(value) === undefined;
}

/** A copy, which stays as it is; throws NAME_INVALID for what could not be read again. */
export function checkLabels(labels: unknown, volume: string): Labels {
  const why = whyNot(labels);
  if (why === undefined) return { ...(labels as Labels) };
  const message = `cannot create the volume ${volume}: labels are texts by their names, and ${why}`;
  throw new UnionfsError('NAME_INVALID', message);
}

function whyNot(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return `these are ${kindOf(value)}`;
  const wrong = Object.entries(value).find(([, label]) => typeof label !== 'string');
  return wrong && `${JSON.stringify(wrong[0])} is ${kindOf(wrong[1])}`;
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
