/** One control file and what is to be written into it; the order of a list is the order of writing. */
export interface FileSetting {
  readonly file: string;
  readonly value: string;
}

/** What takes more than a write; throws what the kernel answered. `attempt` goes on as "cannot …". */
export interface ActionSetting {
  readonly attempt: string;
  apply(directory: string): void;
}

export type Setting = FileSetting | ActionSetting;

/** A setting, left out when there is nothing to set. */
export function setting(file: string, value: number | string | undefined): FileSetting[] {
  return value === undefined ? [] : [{ file, value: String(value) }];
}
