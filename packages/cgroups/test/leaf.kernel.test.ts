import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { requires } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { Cgroup, cgroupFolder } from '../src/index.ts';
import { startInside } from './inside.ts';
import { isV2, mountinfo, place } from './views.ts';

requires({ on: ['host', 'uml', 'qemu'], cgroup: true })('a leaf', () => {
  const { create } = place(mountinfo);

  test('takes the processes in, so that others can be limited beside them', async () => {
    await using group = await create();
    const sleeper = await startInside(group, 'sh', '-c', 'sleep 60 & sleep 60');
    sleeper.go();
    await expect.poll(async () => (await group.pids()).length).toBe(3);
    if (isV2('memory')) {
      await expect(group.child('job', { pids: { max: 3 } })).rejects.toMatchObject({ code: 'CGROUP_BUSY' });
    }
    const leaf = await group.makeLeaf();
    expect((await leaf.pids()).length).toBe(3);
    const job = await group.child('job', { pids: { max: 3 } });
    expect((await job.stat()).pids.max).toBe(3);
    // Once more, when it is there and there is nobody left to move.
    expect((await group.makeLeaf()).path).toBe(leaf.path);
    const hasV2 = readFileSync(`/proc/${sleeper.pid}/cgroup`, 'utf8').includes(`0::${group.path}/leaf\n`);
    expect(hasV2).toBe(/ - cgroup2 /.test(mountinfo));
  });
});

// The first that an ordinary user has under UML: the cgroup in which everything of his runs.
requires({ on: ['uml'], cgroup: true })('a folder in the cgroup of the process', () => {
  test.runIf(process.geteuid?.() !== 0)('is cleared, so that limits can be set there', async () => {
    const source = `
      const { Cgroup, cgroupFolder } = await import(${JSON.stringify(import.meta.resolve('../src/index.ts'))});
      const own = (await Cgroup.of('self')).path;
      const outside = await cgroupFolder();
      const folder = await cgroupFolder({ leaf: true });
      await using group = await Cgroup.create(folder + '/job', { pids: { max: 3 } }, { folder });
      console.log(JSON.stringify({ own, outside, folder, path: group.path, now: (await Cgroup.of('self')).path }));`;
    const folder = await cgroupFolder();
    await using unit = await Cgroup.create(`${folder}/unit-${process.pid}`, {}, { folder });
    const enter = `echo $$ > "$1/cgroup.procs" && shift && exec "$@"`;
    const node = [process.execPath, '--conditions=estiba-source', '--input-type=module', '-e', source];
    const { stdout } = await promisify(execFile)('sh', ['-c', enter, 'sh', `/sys/fs/cgroup${unit.path}`, ...node]);
    expect(JSON.parse(stdout)).toEqual({
      own: unit.path,
      // The nearest one above that has no processes of its own.
      outside: `${folder}/estiba`,
      folder: `${unit.path}/estiba`,
      path: `${unit.path}/estiba/job`,
      now: `${unit.path}/leaf`,
    });
  });
});
