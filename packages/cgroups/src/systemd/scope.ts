/**
 * On a host that systemd runs, the tree of cgroups is systemd's: whoever wants a part of it asks for a scope that is
 * delegated. https://systemd.io/CGROUP_DELEGATION/
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Cgroup } from '../cgroup.ts';
import { CgroupError } from '../cgroup-error.ts';
import { checkPid } from '../processes.ts';
import { SystemdBus } from './bus.ts';

export interface ScopeOptions {
  /** `NAME.scope`, not used yet; `estiba-PID.scope` unless told. */
  name?: string;
  /** The processes that move into it: systemd wants at least one, and removes the scope with the last. This one unless told. */
  pids?: readonly number[];
  /** Where it lies: `background.slice`. Unless told, `system.slice`, or `app.slice` of the user. */
  slice?: string;
  description?: string;
  /** Whether the user's own systemd is asked; so it is unless this is root. */
  user?: boolean;
  /** Limits for the scope as a whole, in systemd's words: `{ MemoryMax: 2 ** 30, TasksMax: 100 }`. systemd.resource-control(5) */
  properties?: Readonly<Record<string, string | number | boolean>>;
  signal?: AbortSignal;
}

/**
 * Have systemd make a transient scope with Delegate=yes, and move processes into a leaf inside it. Resolves to the scope,
 * below which cgroups can be made. It ends with its last process.
 *
 *     const scope = await createScope({ name: 'build.scope' });
 *     const group = await scope.child('job', { memory: { max: '1GiB' } });
 *
 * Needs busctl(1), and for the system's own systemd root, or polkit's consent.
 *
 * @throws CgroupError `SYSTEMD_MISSING` (no systemd, no bus of it, no busctl) or `SYSTEMD_REFUSED` (in its own words)
 */
export async function createScope(options: ScopeOptions = {}): Promise<Cgroup> {
  const { name = `estiba-${process.pid}.scope`, pids = [process.pid], signal } = options;
  for (const pid of pids) checkPid(pid);
  const user = options.user ?? process.geteuid?.() !== 0;
  const bus = new SystemdBus({ attempt: `make the scope ${name}`, user, signal });
  // Its name; fail if there is one; properties; no auxiliary units. org.freedesktop.systemd1(5)
  await bus.call('StartTransientUnit', 'ssa(sv)a(sa(sv))', [name, 'fail', ...properties(options, pids), '0']);
  const scope = await open(bus, name, signal);
  await scope.makeLeaf();
  return scope;
}

/** As busctl takes them: how many there are, and each as its name, its signature, and its value. */
function properties(options: ScopeOptions, pids: readonly number[]): string[] {
  const { slice, description = 'Cgroups of a Node program' } = options;
  const list = [
    ['PIDs', 'au', String(pids.length), ...pids.map(String)],
    ['Delegate', 'b', 'true'],
    ['Description', 's', description],
    ...(slice === undefined ? [] : [['Slice', 's', slice]]),
    ...Object.entries(options.properties ?? {}).map(([key, value]) => [key, signatureOf(value), String(value)]),
  ];
  return [String(list.length), ...list.flat()];
}

/** Numbers in its resource limits are 64 bits wide, without a sign. */
function signatureOf(value: string | number | boolean): string {
  return typeof value === 'string' ? 's' : typeof value === 'number' ? 't' : 'b';
}

/** The job that starts the scope is done soon after it was asked for. */
async function open(bus: SystemdBus, name: string, signal: AbortSignal | undefined): Promise<Cgroup> {
  const [unit] = await bus.call('GetUnit', 's', [name]);
  for (let tries = 0; tries < 100; tries++) {
    const path = await bus.property(String(unit), 'Scope', 'ControlGroup');
    if (typeof path === 'string' && path !== '') return Cgroup.open(path);
    await sleep(50, undefined, { ...(signal && { signal }) });
  }
  const message = `cannot make the scope ${name}: systemd has given it no cgroup; \`systemctl status ${name}\` may say why`;
  throw new CgroupError('SYSTEMD_REFUSED', message, { path: '/' });
}
