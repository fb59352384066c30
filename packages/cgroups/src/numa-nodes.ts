/**
 * `anon N0=4096 N1=0` or, on v1, `total=1 N0=1`, turned round: what each node has, by the number of the node. Sums, where
 * there are any, are left out. https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files
 */
export function parseNodes(text: string): Record<number, Record<string, number>> {
  const nodes: Record<number, Record<string, number>> = {};
  for (const line of text.split('\n')) {
    const [, key, list = ''] = /^(\w+)(?:=\d+)? (.*)$/.exec(line) ?? [];
    if (key === undefined) continue;
    for (const [, node, value] of list.matchAll(/N(\d+)=(\d+)/g)) {
      const counters = nodes[Number(node)] ?? {};
      counters[key] = Number(value);
      nodes[Number(node)] = counters;
    }
  }
  return nodes;
}
