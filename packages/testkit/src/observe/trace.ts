/** Something a process can leave on a machine. */
export interface Trace {
  /** The same thing has the same key before and after. */
  readonly key: string;
  /** For the reader of a failed test. */
  readonly text: string;
  /** Certainly made by this process or its children, whoever else is at work on the machine. */
  readonly ours: boolean;
}

/** The mark in names of files, mounts and cgroups that belong to this process. */
export function namesThisProcess(name: string): boolean {
  return new RegExp(`(^|[^0-9])${process.pid}([^0-9]|$)`).test(name);
}
