import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { requires, scratch } from '@estiba/testkit';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Cgroup, createScope } from '../src/index.ts';
import { startInside } from './inside.ts';

const manager = '/sys/fs/cgroup/systemd-test';
const program = '/usr/lib/systemd/systemd';

// A real one, the manager of a user, in a kernel that has booted without: there the whole machine is the test's.
requires({ on: ['uml'], root: true, command: ['busctl', 'dbus-daemon'], path: program })('a scope of systemd', () => {
  const files = scratch('systemd');
  const before = { ...process.env };
  const started: ChildProcess[] = [];

  beforeAll(async () => {
    mkdirSync('/run/systemd/system', { recursive: true });
    mkdirSync(manager);
    mkdirSync(files.join('run'), { mode: 0o700 });
    const bus = `unix:path=${files.join('run/bus')}`;
    Object.assign(process.env, { XDG_RUNTIME_DIR: files.join('run'), DBUS_SESSION_BUS_ADDRESS: bus });
    started.push(
      spawn('dbus-daemon', ['--session', `--address=${bus}`, '--nofork', '--nopidfile'], { stdio: 'ignore' }),
    );
    const enter = `echo $$ > ${manager}/cgroup.procs; exec ${program} --user`;
    started.push(spawn('sh', ['-c', enter], { stdio: 'ignore' }));
    await vi.waitUntil(() => existsSync(files.join('run/systemd/private')), { timeout: 20_000 });
  }, 30_000);

  afterAll(async () => {
    for (const child of started.reverse()) child.kill('SIGKILL');
    const group = await Cgroup.open('/systemd-test');
    await group.kill();
    await group.remove();
    process.env = before;
    files[Symbol.dispose]();
  });

  test('takes in a process, and can limit others beside it', async () => {
    await using outside = await Cgroup.create(`/estiba/systemd-${process.pid}`);
    const sleeper = await startInside(outside, 'sleep', '60');
    sleeper.go();
    const properties = { TasksMax: 77 };
    const scope = await createScope({ name: 'estiba-test.scope', pids: [sleeper.pid], user: true, properties });
    expect(scope.path).toBe('/systemd-test/app.slice/estiba-test.scope');
    // A v1 hierarchy that somebody had mounted may still have a line of its own.
    const memberships = readFileSync(`/proc/${sleeper.pid}/cgroup`, 'utf8').split('\n');
    expect(memberships).toContain(`0::${scope.path}/leaf`);
    expect((await scope.stat()).pids.max).toBe(77);
    const group = await scope.child('job', { memory: { max: '64MiB' }, pids: { max: 5 } });
    expect((await group.stat()).memory.max).toBe(64 * 2 ** 20);
    await expect(createScope({ name: 'estiba-test.scope', pids: [sleeper.pid], user: true })).rejects.toMatchObject({
      code: 'SYSTEMD_REFUSED',
      message: expect.stringMatching(/^cannot make the scope estiba-test.scope: .*already/),
    });
    await scope.kill();
    await expect.poll(() => existsSync(`/sys/fs/cgroup${scope.path}`), { timeout: 10_000 }).toBe(false);
  });

  test.each([
    ['a name that is none', { name: 'no/scope' }, 'SYSTEMD_REFUSED'],
    ['a property that is not known', { properties: { Nonsense: 1 } }, 'SYSTEMD_REFUSED'],
    ['the bus of a system that is not there', { user: false }, 'SYSTEMD_MISSING'],
  ])('is refused in words: %s', async (_, options, code) => {
    const wrong = createScope({ name: 'wrong.scope', user: true, ...options });
    await expect(wrong).rejects.toMatchObject({
      code,
      message: expect.stringMatching(/^cannot make the scope \S+: \S/),
    });
  });
});

requires({ on: ['host'] })('without systemd', () => {
  test('a scope is refused, and the error says what to use instead', async () => {
    const path = process.env.PATH;
    process.env.PATH = '/nowhere';
    try {
      await expect(createScope()).rejects.toMatchObject({
        code: 'SYSTEMD_MISSING',
        message: expect.stringContaining('use Cgroup.create()'),
      });
    } finally {
      process.env.PATH = path;
    }
  });
});
