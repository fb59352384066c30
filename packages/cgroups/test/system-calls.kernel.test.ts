import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { requires, scratch } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { currentHost } from '../src/host.ts';
import { cgroupFolder } from '../src/index.ts';

requires({ on: ['host', 'uml'], cgroup: true, root: true, command: 'strace' })('the system calls of a cgroup', () => {
  test('are few: to make it with three limits, to join it, and to remove it', async () => {
    using files = scratch('strace');
    const folder = await cgroupFolder();
    const modules = ['../src/index.ts', '../../syscalls/src/index.ts'].map((path) => import.meta.resolve(path));
    const source = `
      const [{ Cgroup }, { command, launch }] = await Promise.all(${JSON.stringify(modules)}.map((each) => import(each)));
      const { existsSync } = await import('node:fs');
      const limits = { memory: { max: '64MiB' }, cpu: { max: 0.5 }, pids: { max: 9 } };
      // Folders above are there and controllers enabled afterwards, as for all but the first.
      const first = await Cgroup.create('${folder}/strace-${process.pid}/first', limits, { folder: '${folder}' });
      existsSync('/begin');
      const group = await Cgroup.create('${folder}/strace-${process.pid}/second', limits, { folder: '${folder}' });
      const child = await launch([group.join(), command(['/bin/true'])], { stdio: 'ignore' });
      await child.wait();
      await group.remove();
      existsSync('/end');
      await first.remove();
      await (await Cgroup.open('${folder}/strace-${process.pid}')).remove();`;
    const trace = files.join('trace');
    const node = [process.execPath, '--conditions=estiba-source', '--input-type=module', '-e', source];
    execFileSync('strace', ['-f', '-y', '-o', trace, ...node], { stdio: 'ignore', timeout: 60_000 });
    const lines = readFileSync(trace, 'utf8').split('\n');
    const part = lines.slice(lines.findIndex(ends('/begin')) + 1, lines.findIndex(ends('/end')));
    const calls = part.filter((line) => touchesCgroups(line) && !line.includes('resumed>'));
    // Counted once here, so that one more is noticed: each v1 hierarchy has its own directory, and a file to join by.
    expect(calls.length, calls.join('\n')).toBeLessThanOrEqual(currentHost().mode === 'v2' ? 20 : 60);
    expect(calls.length).toBeGreaterThan(10);
  }, 90_000);
});

function ends(path: string): (line: string) => boolean {
  return (line) => line.includes(`"${path}"`);
}

/** By the path, or by that of the descriptor, which -y tells; and the birth of a process in a cgroup. clone3(2) */
function touchesCgroups(line: string): boolean {
  // Node reads the limits of its own cgroup, too.
  return line.includes('CLONE_INTO_CGROUP') || line.includes(`/strace-${process.pid}`);
}
