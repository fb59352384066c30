import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { missing, requires } from '@estiba/testkit';
import { afterEach, expect, test } from 'vitest';
import { refreshHost } from '../src/host.ts';
import { Cgroup, cgroupFolder, detectCgroups } from '../src/index.ts';
import { isHybrid, mountinfo } from './views.ts';

requires({ on: ['host', 'uml', 'qemu'] })('this machine', () => {
  afterEach(() => {
    refreshHost();
  });

  test('what it offers is what its mount table says', async () => {
    const { mode, controllers } = await detectCgroups();
    const hasV1 = / - cgroup /.test(mountinfo);
    expect(mode).toBe(isHybrid ? 'hybrid' : hasV1 ? 'v1' : 'v2');
    const v1 = /^.* - cgroup .*\bmemory\b.*$/m.test(mountinfo);
    expect(controllers).toMatchObject({ memory: v1 ? 1 : 2 });
  });

  test('what may be used where is told, tree by tree', async () => {
    const { hierarchies, folder, delegated, delegatedControllers, controllers, nsdelegate, systemd } =
      await detectCgroups();
    expect(hierarchies.length).toBe(mountinfo.match(/ - cgroup2? /g)?.length);
    for (const { mountPoint } of hierarchies) expect(mountinfo).toContain(` ${mountPoint} `);
    expect(folder === undefined).toBe(!delegated);
    if (delegated) expect(delegatedControllers).toEqual(expect.arrayContaining(['memory', 'cpu', 'pids']));
    expect(Object.keys(controllers)).toEqual(expect.arrayContaining([...delegatedControllers]));
    expect(nsdelegate).toBe(/ - cgroup2 .*nsdelegate/.test(mountinfo));
    expect(systemd).toBe(existsSync('/run/systemd/system'));
  });

  test('a mount that is listed but hidden is not used', () => {
    const hidden = '99 1 0:99 / /proc rw - cgroup cgroup rw,debug\n98 1 0:98 / /gone rw - cgroup cgroup rw,misc\n';
    expect(refreshHost(hidden + mountinfo).controllers).toEqual(refreshHost().controllers);
  });

  test('this process is in a cgroup, and can be found there', async () => {
    const own = await Cgroup.of('self');
    expect(readFileSync('/proc/self/cgroup', 'utf8')).toContain(own.path);
    expect(await own.pids()).toContain(process.pid);
  });

  test('it has a folder for this process if one can be made, and says so', async () => {
    const { delegated } = await detectCgroups();
    expect(delegated).toBe(missing({ cgroup: true }).length === 0);
    const folder = await cgroupFolder();
    const above = await Cgroup.open(dirname(folder));
    const path = `${folder}/probe-${process.pid}`;
    const made = Cgroup.create(path, { pids: { max: 3 } }, { folder });
    if (delegated) {
      await using group = await made;
      expect((await group.stat()).pids.max).toBe(3);
      expect(await above.pids({ recursive: true })).toContain(process.pid);
    } else {
      await expect(made).rejects.toMatchObject({ code: 'CGROUP_DENIED', path, file: expect.any(String) });
      expect(folder).toBe('/estiba');
    }
  });
});

requires({ on: ['host'] })('the first look at this machine', () => {
  test('without a descriptor left fails in words', async () => {
    const told = look(['sh', '-c', 'ulimit -n 200 && exec "$@"', 'sh'], 'for (;;) try { open(); } catch { break; }');
    expect(told).toMatch(/^CgroupError CGROUP_DENIED \/ cannot use cgroups: read \S+: EMFILE; .*RLIMIT_NOFILE/);
  });
});

requires({ on: ['host'], root: true })('the first look without /proc', () => {
  test('fails in words', async () => {
    const without = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none /proc && exec "$@"', 'sh'];
    expect(look(without)).toMatch(
      /^CgroupError CONTROLLER_UNAVAILABLE \/ cannot use cgroups: \/proc\/self\/mountinfo .*ENOENT.* mount proc/,
    );
  });
});

function look(by: readonly string[], before = ''): string {
  const script = `
    const { openSync, closeSync } = await import('node:fs');
    const { detectCgroups } = await import(${JSON.stringify(import.meta.resolve('../src/index.ts'))});
    const taken = [];
    const open = () => taken.push(openSync('/dev/null'));
    ${before}
    const told = await detectCgroups().catch(({ name, code, path, message }) => [name, code, path, message].join(' '));
    for (const each of taken) closeSync(each);
    console.log(told);`;
  const node = [process.execPath, '--conditions=estiba-source', '--no-warnings', '--input-type=module', '-e', script];
  const [program = '', ...args] = [...by, ...node];
  return execFileSync(program, args, { cwd: import.meta.dirname, encoding: 'utf8', timeout: 25_000 });
}
