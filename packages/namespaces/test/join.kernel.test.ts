import { execFileSync } from 'node:child_process';
import { existsSync, readlinkSync } from 'node:fs';
import { perform, umount } from '@estiba/syscalls';
import { requires, scratch } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { isolate, Namespace, type NamespaceKind } from '../src/index.ts';
import { procNames } from '../src/kinds.ts';
import { output } from './finished.ts';
import { everybody, everywhere, kindsHere, type Somebody, timeNamespace } from './kinds-here.ts';

for (const somebody of everybody) {
  requires({ on: ['host', 'uml'], ...somebody.needs })(`a command ${somebody.who} joins`, () => {
    it.each(everywhere)('a %s namespace by its handle and by its path', (kind) => expectToJoin(somebody, kind));

    it('some, and has others of its own', async () => {
      const namespaces = somebody.with('network');
      await using first = await isolate(['sleep', '20'], { namespaces, stdio: 'ignore' });
      const text = await output('readlink /proc/self/ns/net; cat /proc/sys/kernel/hostname', {
        namespaces: ['uts'],
        hostname: 'own',
        join: pathsOf(first.pid, namespaces),
      });
      expect(text).toBe(`${readlinkSync(`/proc/${first.pid}/ns/net`)}\nown\n`);
    });
  });

  requires({ on: ['host', 'qemu'], ...somebody.needs, path: timeNamespace })(
    `a command ${somebody.who} joins the time of another`,
    () => {
      it('by its handle and by its path', () => expectToJoin(somebody, 'time'));
    },
  );
}

requires({ on: ['host', 'uml'], userNamespaces: true })('a command joins', () => {
  it('everything that another one has, and sees its processes', async () => {
    await using first = await isolate(['sh', '-c', 'exec sleep 20'], {
      namespaces: kindsHere,
      hostname: 'box',
      stdio: 'ignore',
    });
    const text = await output('cat /proc/sys/kernel/hostname; cat /proc/1/comm; id -u; echo $$', {
      namespaces: [],
      join: pathsOf(first.pid, kindsHere),
    });
    expect(text).toBe('box\nsleep\n0\n2\n');
  });
});

requires({ on: ['host', 'uml'] })('a command cannot join', () => {
  it('what is not there or is of another kind, and the path is named', async () => {
    await expect(isolate(['true'], { namespaces: [], join: { network: '/nowhere' } })).rejects.toMatchObject({
      code: 'ENOENT',
      path: '/nowhere',
    });
    await expect(isolate(['true'], { namespaces: [], join: { network: '/proc/self/ns/uts' } })).rejects.toMatchObject({
      code: 'EINVAL',
      syscall: 'setns',
    });
  });
});

requires({ on: ['host', 'uml'] })('a namespace', () => {
  it('is the same by whatever way it is opened', async () => {
    using mine = await Namespace.of('self', 'network');
    using same = await Namespace.open('/proc/self/ns/net');
    using other = await Namespace.of(process.pid, 'uts');
    expect([mine.equals(same), mine.equals(other), same.kind]).toEqual([true, false, 'network']);
    expect(readlinkSync('/proc/self/ns/net')).toBe(`net:[${mine.id}]`);
  });

  it('that cannot be pinned leaves no file', async () => {
    await using place = scratch();
    using own = await Namespace.of('self', 'mount');
    // A mount namespace cannot be mounted inside itself, and nothing by whoever is not root.
    const code = process.geteuid?.() === 0 ? 'EINVAL' : 'EPERM';
    await expect(own.pin(place.join('mnt'))).rejects.toMatchObject({ code, syscall: 'mount' });
    expect(existsSync(place.join('mnt'))).toBe(false);
  });

  it('is asked for by a process id and a kind, not by a path', async () => {
    for (const pid of ['../proc/self', 0, -1, 1.5])
      await expect(Namespace.of(pid as number, 'pid')).rejects.toThrow(/^no process id: /);
    await expect(Namespace.of('self', 'toString' as 'pid')).rejects.toThrow(
      /no such namespace: toString \(one of user/,
    );
  });

  it('is none where there is something else', async () => {
    await using place = scratch();
    execFileSync('mkfifo', [place.join('pipe')]);
    for (const path of ['/etc/hostname', '/', place.join('pipe')])
      await expect(Namespace.open(path)).rejects.toMatchObject({
        code: 'NAMESPACE_UNSUPPORTED',
        message: `${path} is not a namespace`,
      });
    await expect(Namespace.open('/nowhere')).rejects.toMatchObject({ name: 'NamespaceError', code: 'ENOENT' });
    await expect(Namespace.of(4_194_305, 'user')).rejects.toMatchObject({
      code: 'ENOENT',
      kind: 'user',
      message: expect.stringContaining('the process has gone'),
    });
  });
});

requires({ on: ['host', 'uml'], root: true })('a namespace that is pinned', () => {
  it('outlives its processes', async () => {
    await using place = scratch();
    const path = place.join('net');
    let id: bigint;
    {
      await using first = await isolate(['sleep', '20'], { namespaces: ['network'], stdio: 'ignore' });
      using namespace = await Namespace.of(first.pid, 'network');
      id = namespace.id;
      await namespace.pin(path);
    }
    try {
      using pinned = await Namespace.open(path);
      expect([pinned.kind, pinned.id]).toEqual(['network', id]);
      expect(await output('readlink /proc/self/ns/net', { namespaces: [], join: { network: path } })).toBe(
        `net:[${id}]\n`,
      );
    } finally {
      perform([umount(path)]);
    }
  });
});

function pathsOf(pid: number, kinds: readonly NamespaceKind[]): Partial<Record<NamespaceKind, string>> {
  return Object.fromEntries(kinds.map((kind) => [kind, `/proc/${pid}/ns/${procNames[kind]}`]));
}

async function expectToJoin(somebody: Somebody, kind: NamespaceKind): Promise<void> {
  const namespaces = somebody.with(kind);
  await using first = await isolate(['sleep', '20'], { namespaces, stdio: 'ignore' });
  const paths = pathsOf(first.pid, namespaces);
  using namespace = await Namespace.of(first.pid, kind);
  expect(namespace.kind).toBe(kind);
  for (const join of [paths, { ...paths, [kind]: namespace }])
    expect(await output(`readlink /proc/self/ns/${procNames[kind]}`, { namespaces: [], join })).toBe(
      `${readlinkSync(`/proc/${first.pid}/ns/${procNames[kind]}`)}\n`,
    );
}
