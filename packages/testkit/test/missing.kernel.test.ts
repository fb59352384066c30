import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { missing, requires, unprivileged } from '../src/index.ts';
import { cgroupTrees, offersLimits } from '../src/observe/cgroup-trees.ts';

requires({ on: ['host', 'uml', 'qemu'], cgroup: true })('whoever is said to have cgroups', () => {
  it('can make one and limit it', () => {
    const tree = cgroupTrees().find((each) => offersLimits(each, 'pids'));
    const folder = `${tree?.directory}/estiba`;
    const group = `${folder}/limited-${process.pid}`;
    mkdirSync(group, { recursive: true });
    try {
      if (tree?.version === 2) writeFileSync(`${tree.directory}/cgroup.subtree_control`, '+pids');
      if (tree?.version === 2) writeFileSync(`${folder}/cgroup.subtree_control`, '+pids');
      writeFileSync(`${group}/pids.max`, '7');
      expect(readFileSync(`${group}/pids.max`, 'utf8')).toBe('7\n');
    } finally {
      rmdirSync(group);
    }
  });
});

requires({ on: ['host', 'uml', 'qemu'], root: true })('an ordinary user to whom nothing was delegated', () => {
  it('is said to have none', async () => {
    expect(missing({ cgroup: ['pids'] })).toEqual([]);
    const script =
      "import('./packages/testkit/src/missing.ts').then(({ missing }) => console.log(missing({ cgroup: ['pids'] })[0]))";
    const { stdout } = await unprivileged(['node', '--conditions=estiba-source', '-e', script]);
    expect(stdout).toMatch(/^needs to limit pids: run the tests as root, or in a delegated cgroup/);
  });
});
