/** A tree of cgroups: v2 has one for all controllers, v1 one for each set of controllers. */
export interface Hierarchy {
  readonly version: 1 | 2;
  /** Where it is mounted: `/sys/fs/cgroup/memory`. */
  readonly mountPoint: string;
  /** Which of its cgroups is visible there: `/`, or deeper in a container without a cgroup namespace. */
  readonly root: string;
  /** v1: those mounted with it. v2: filled in from `cgroup.controllers`. */
  readonly controllers: readonly string[];
  /** v1 without controllers: `systemd`. */
  readonly name?: string;
  /** v2: mounted with that option. */
  readonly nsdelegate?: boolean;
}

/**
 * The cgroup hierarchies in the text of /proc/self/mountinfo, one each, of those mounts that can be seen: what lies under
 * another mount is listed all the same. proc_pid_mountinfo(5)
 */
export function parseMountinfo(text: string, isSeen: (mount: Hierarchy) => boolean = () => true): Hierarchy[] {
  const found = new Map<string, Hierarchy>();
  for (const line of text.split('\n')) {
    const hierarchy = parseLine(line);
    if (hierarchy === undefined || !isSeen(hierarchy)) continue;
    const key = `${hierarchy.version} ${hierarchy.name ?? ''} ${hierarchy.controllers}`;
    // The same tree may be mounted several times; the place that shows all of it serves best.
    if (!found.has(key) || (hierarchy.root === '/' && found.get(key)?.root !== '/')) found.set(key, hierarchy);
  }
  return [...found.values()];
}

//   31 23 0:28 / /sys/fs/cgroup/cpu rw,relatime shared:7 - cgroup cgroup rw,cpu,cpuacct
//              root mount point     options     optional   type   source super options
function parseLine(line: string): Hierarchy | undefined {
  const [left, right] = line.split(' - ');
  const [type, , superOptions] = right?.split(' ') ?? [];
  const [, , , root, mountPoint] = left?.split(' ') ?? [];
  if (root === undefined || mountPoint === undefined) return undefined;
  const place = { mountPoint: decodeOctal(mountPoint), root: decodeOctal(root) };
  const options = superOptions?.split(',') ?? [];
  if (type === 'cgroup2')
    return { version: 2, ...place, controllers: [], ...(options.includes('nsdelegate') && { nsdelegate: true }) };
  if (type !== 'cgroup') return undefined;
  const name = options.find((option) => option.startsWith('name='))?.slice('name='.length);
  const controllers = options.filter((option) => V1_CONTROLLERS.has(option));
  return { version: 1, ...place, controllers, ...(name !== undefined && { name }) };
}

const V1_CONTROLLERS = new Set(
  'cpu cpuacct cpuset memory devices freezer net_cls net_prio perf_event blkio pids hugetlb rdma misc debug'.split(' '),
);

// Space, tab, newline and backslash are written as three octal digits.
function decodeOctal(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
