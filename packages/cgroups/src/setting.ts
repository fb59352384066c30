/** One control file and what is to be written into it; the order of a list is the order of writing. */
export interface Setting {
  readonly file: string;
  readonly value: string;
}

/** A setting, left out when there is nothing to set. */
export function setting(file: string, value: number | string | undefined): Setting[] {
  return value === undefined ? [] : [{ file, value: String(value) }];
}
