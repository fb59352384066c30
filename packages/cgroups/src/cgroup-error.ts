/** What went wrong; docs and callers branch on it. */
export type CgroupErrorCode =
  | 'CONTROLLER_UNAVAILABLE'
  | 'CGROUP_BUSY'
  | 'CGROUP_DENIED'
  | 'CGROUP_EXISTS'
  | 'CGROUP_GONE'
  | 'LIMIT_INVALID'
  | 'PATH_INVALID'
  | 'PROCESS_GONE'
  | 'SYSTEMD_MISSING'
  | 'SYSTEMD_REFUSED';

export interface CgroupErrorDetails {
  /** The cgroup, e.g. `/estiba/web`. */
  path: string;
  /** The file that refused, or the setting that is wrong (`memory.max`). */
  file?: string | undefined;
  /** What was to be written. */
  value?: string | undefined;
  /** The processes that are in the way (`CGROUP_BUSY`), or that may not be signalled (`CGROUP_DENIED`). */
  pids?: readonly number[] | undefined;
  cause?: unknown;
}

export class CgroupError extends Error {
  override readonly name = 'CgroupError';
  readonly code: CgroupErrorCode;
  readonly path: string;
  readonly file: string | undefined;
  readonly value: string | undefined;
  readonly pids: readonly number[];

  constructor(code: CgroupErrorCode, message: string, details: CgroupErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.path = details.path;
    this.file = details.file;
    this.value = details.value;
    this.pids = details.pids ?? [];
  }
}
