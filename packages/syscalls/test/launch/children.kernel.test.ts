import { existsSync, readlinkSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import {
  type CloneFlag,
  continueInChild,
  fork,
  fsconfig,
  fsopen,
  label,
  launch,
  open,
  out,
  pause,
  setns,
  syscall,
} from '../../src/index.ts';
import { output, shell } from './finished.ts';
import { ownChildren } from './own-children.ts';

const files = {
  mount: 'mnt',
  pid: 'pid',
  network: 'net',
  ipc: 'ipc',
  uts: 'uts',
  user: 'user',
  cgroup: 'cgroup',
  time: 'time',
} as const;
/** Those that every kernel has, unlike time namespaces. */
const kinds = (Object.keys(files) as CloneFlag[]).filter((kind) => kind !== 'time');
const kindsHere = (Object.keys(files) as CloneFlag[]).filter((kind) => existsSync(`/proc/self/ns/${files[kind]}`));

/** Nobody but root makes a namespace without a user namespace around it. */
const everybody: { who: string; needs: object; with(...kinds: CloneFlag[]): CloneFlag[] }[] = [
  { who: 'of root', needs: { root: true }, with: (...kinds) => kinds },
  {
    who: 'in a user namespace',
    needs: { userNamespaces: true },
    with: (...kinds) => [...new Set<CloneFlag>(['user', ...kinds])],
  },
];

for (const somebody of everybody) {
  requires({ on: ['host', 'uml'], ...somebody.needs })(`a program ${somebody.who} goes on`, () => {
    it.each(kinds)('in a new %s namespace, and in no other', (kind) => expectToBeOnlyIn(somebody.with(kind)));

    it('in all of them at once, as process 1', async () => {
      expect(await output([continueInChild(...somebody.with(...kindsHere)), shell('echo $$')])).toBe('1\n');
      expect(await output(shell('echo $$'), { clone: somebody.with('pid', 'network') })).toBe('1\n');
    });

    it('in a child of a child', async () => {
      const hops = [somebody.with('uts'), ['ipc'], ['pid']] as const;
      expect(await output([...hops.map((kinds) => continueInChild(...kinds)), shell('echo $$')])).toBe('1\n');
    });

    it('in a pid namespace that it has joined', async () => {
      const own = somebody.with('pid');
      await using first = await launch([continueInChild(...own), shell('exec sleep 20')], { stdio: 'ignore' });
      const join = own.map((kind) => setns(`/proc/${first.pid}/ns/${kind}`, kind));
      expect(await output([join, continueInChild(), shell('echo $$')])).toBe('2\n');
    });

    it('and a failure there is told like any other, with the words of the kernel', async () => {
      const missing = label('look', open('/nowhere'));
      await expect(launch([continueInChild(...somebody.with('pid', 'mount')), missing])).rejects.toMatchObject({
        code: 'ENOENT',
        step: 'look',
      });
      const context = fsopen('tmpfs');
      const choose = label('choose a size', fsconfig(context, 'size', 'huge'));
      await expect(launch([continueInChild(...somebody.with('mount')), context, choose])).rejects.toMatchObject({
        code: 'EINVAL',
        step: 'choose a size',
        kernel: expect.stringMatching(/^tmpfs: Bad value for 'size'/),
      });
      await expect.poll(ownChildren).toEqual([]);
    });
  });

  requires({ on: ['host', 'qemu'], ...somebody.needs, path: '/proc/self/ns/time' })(
    `a program ${somebody.who} goes on in another time`,
    () => {
      it('and in no other namespace', () => expectToBeOnlyIn(somebody.with('time')));
    },
  );
}

requires({ on: ['host', 'uml'] })('a program goes on', () => {
  it('in the process that we are told of, whoever speaks first', async () => {
    const program = [continueInChild(), continueInChild(), continueInChild(), shell('echo $$')];
    const run = async () => {
      await using child = await launch(program);
      expect(await text(child.stdout as never)).toBe(`${child.pid}\n`);
    };
    for (let times = 0; times < 10; times++) await Promise.all(Array.from({ length: 10 }, run));
  });

  it('as a child of ours: nothing stands between', async () => {
    await using child = await launch([continueInChild(), continueInChild(), shell('exec sleep 20')], {
      stdio: 'ignore',
    });
    // Those in between have ended; they are waited for in their turn.
    await expect.poll(ownChildren).toEqual([child.pid]);
    expect(child.kill()).toBe(true);
    expect(await child.wait()).toEqual({ exitCode: null, signal: 'SIGTERM' });
  });

  it('and a failure there is told like any other', async () => {
    const missing = label('look', open('/nowhere'));
    await expect(launch([continueInChild(), continueInChild(), missing])).rejects.toMatchObject({
      code: 'ENOENT',
      step: 'look',
    });
    await expect.poll(ownChildren).toEqual([]);
  });
});

requires({ on: ['host', 'uml'] })('a second process', () => {
  it('runs its part and ends', async () => {
    const child = fork([syscall('write', 1, 'child\n', 6), syscall('exit_group', 3)]);
    const info = out(128);
    const wait = syscall('waitid', 1, child, info, 4, 0);
    expect(await output([child, wait, shell('echo parent')])).toBe('child\nparent\n');
  });

  it('may become a command of its own', async () => {
    const child = fork([shell('echo $PPID')]);
    await using parent = await launch([child, syscall('wait4', child, 0, 0, 0), syscall('exit_group', 0)]);
    const chunks: Buffer[] = [];
    for await (const chunk of parent.stdout ?? []) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toBe(`${parent.pid}\n`);
  });

  it('that fails ends the first too, and launch with the reason', async () => {
    const endless = syscall('ppoll', 0, 0, 0, 0, 0);
    await expect(
      launch([fork([label('in the child', open('/nowhere'))]), endless], { signal: AbortSignal.timeout(10_000) }),
    ).rejects.toMatchObject({
      code: 'ENOENT',
      step: 'in the child',
    });
    expect(ownChildren()).toEqual([]);
  });

  it('dies with the first', async () => {
    const endless = syscall('ppoll', 0, 0, 0, 0, 0);
    let first = 0;
    const program = [fork([syscall('setsid'), endless]), pause('look'), shell('exec sleep 20')];
    const look = ({ pid }: { pid: number }) => {
      first = pid;
      // Its child stays in this program, so launch waits for it as well.
      setTimeout(() => process.kill(pid, 'SIGTERM'), 50);
    };
    await using child = await launch(program, { at: { look }, stdio: 'ignore', signal: AbortSignal.timeout(10_000) });
    expect(child.pid).toBe(first);
    expect(await child.wait()).toEqual({ exitCode: null, signal: 'SIGTERM' });
  });
});

async function expectToBeOnlyIn(namespaces: readonly CloneFlag[]): Promise<void> {
  const listed = await output([continueInChild(...namespaces), shell('readlink /proc/self/ns/*')]);
  const inside = Object.fromEntries(
    listed
      .trim()
      .split('\n')
      .map((line) => line.split(':') as [string, string]),
  );
  for (const kind of kindsHere) {
    const same = readlinkSync(`/proc/self/ns/${files[kind]}`) === `${files[kind]}:${inside[files[kind]]}`;
    expect(same, kind).toBe(!namespaces.includes(kind));
  }
}
