/** What becomes of a system call: the names of the OCI runtime-spec, and the kernel's numbers. seccomp(2), "Return values" */
export type SeccompAction =
  | 'SCMP_ACT_ALLOW'
  | 'SCMP_ACT_ERRNO'
  | 'SCMP_ACT_KILL'
  | 'SCMP_ACT_KILL_THREAD'
  | 'SCMP_ACT_KILL_PROCESS'
  | 'SCMP_ACT_TRAP'
  | 'SCMP_ACT_TRACE'
  | 'SCMP_ACT_LOG'
  | 'SCMP_ACT_NOTIFY'
  | (string & {});

export const EPERM = 1;
export const ENOSYS = 38;

export const returns = {
  killProcess: 0x8000_0000,
  killThread: 0,
  trap: 0x0003_0000,
  errno: 0x0005_0000,
  notify: 0x7fc0_0000,
  trace: 0x7ff0_0000,
  log: 0x7ffc_0000,
  allow: 0x7fff_0000,
} as const;

const byName: ReadonlyMap<string, { value: number; data: boolean }> = new Map([
  ['SCMP_ACT_ALLOW', { value: returns.allow, data: false }],
  ['SCMP_ACT_ERRNO', { value: returns.errno, data: true }],
  // runtime-spec: KILL is the old name of KILL_THREAD.
  ['SCMP_ACT_KILL', { value: returns.killThread, data: false }],
  ['SCMP_ACT_KILL_THREAD', { value: returns.killThread, data: false }],
  ['SCMP_ACT_KILL_PROCESS', { value: returns.killProcess, data: false }],
  ['SCMP_ACT_TRAP', { value: returns.trap, data: false }],
  ['SCMP_ACT_TRACE', { value: returns.trace, data: true }],
  ['SCMP_ACT_LOG', { value: returns.log, data: false }],
  ['SCMP_ACT_NOTIFY', { value: returns.notify, data: false }],
]);

/** The value a filter returns; `undefined` for an action that does not exist. An errno that is not given is EPERM. */
export function returnValue(action: SeccompAction, errno = EPERM): number | undefined {
  const found = byName.get(action);
  if (found === undefined) return undefined;
  return found.data ? found.value + errno : found.value;
}

export const actionNames: readonly string[] = [...byName.keys()];

/** The opposite: what a filter's value means. */
export function decodeReturn(value: number): { action: SeccompAction; errno?: number } {
  const action = Math.floor(value / 0x1_0000) * 0x1_0000;
  const [name, { data }] = [...byName].findLast(([, known]) => known.value === action) ?? ['', { data: false }];
  // The kernel takes an action that it does not know as KILL_PROCESS.
  if (name === '') return { action: 'SCMP_ACT_KILL_PROCESS' };
  return data ? { action: name, errno: value - action } : { action: name };
}
