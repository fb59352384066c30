/**
 * The kernels that tests run on: this computer's own; Linux 6.1 as a process (User-Mode Linux), with cgroup v2 and nothing
 * that a test could break; Linux 6.1 under emulation (QEMU), for what the second lacks: cpuset, hugetlb, pressure figures,
 * time namespaces, several processors, nftables.
 */
export type Machine = 'host' | 'uml' | 'qemu';

const machines: readonly string[] = ['host', 'uml', 'qemu'] satisfies Machine[];

/** Where this process runs: the scripts that start the guests say so in `ESTIBA_MACHINE`. */
export function machine(): Machine {
  const name = process.env.ESTIBA_MACHINE ?? 'host';
  if (!machines.includes(name)) throw new Error(`ESTIBA_MACHINE is '${name}': expected one of ${machines.join(', ')}`);
  return name as Machine;
}
