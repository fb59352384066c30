import { writeFileSync } from 'node:fs';
import { requires, scratch, type UnprivilegedOptions, unprivileged } from '@estiba/testkit';
import { beforeAll, expect, it } from 'vitest';
import type { IsolateOptions } from '../src/index.ts';
import type { Request, Told } from './fixtures/isolate.ts';
import { kindsHere } from './kinds-here.ts';

const fixture = 'packages/namespaces/test/fixtures/isolate.ts';

/** What an ordinary user gets of these requests; nobody of his number need exist. */
async function asUser(
  requests: Record<string, Request>,
  options: UnprivilegedOptions = {},
): Promise<Partial<Record<string, Told>>> {
  const command = ['node', '--conditions=estiba-source', fixture, JSON.stringify(requests)];
  const { stdout, stderr } = await unprivileged(command, options);
  if (stderr !== '') throw new Error(stderr);
  return JSON.parse(stdout);
}

function script(text: string, options: IsolateOptions): Request {
  return { argv: ['sh', '-c', text], options };
}

requires({ on: ['host', 'uml'], userNamespaces: true })('an ordinary user', () => {
  let told: Partial<Record<string, Told>>;
  const notHis = [{ inside: 0, outside: 1, count: 10 }];

  // One process for all of them: starting Node is what takes long.
  beforeAll(async () => {
    const kinds = kindsHere.map((kind) => [
      kind,
      script('id -u; id -g', { namespaces: [...new Set(['user', kind] as const)] }),
    ]);
    const look =
      'echo $$ /proc/[0-9]*; cat /proc/sys/kernel/hostname; grep -c : /proc/net/dev; mount -t tmpfs x /mnt && echo mounted';
    told = await asUser({
      ...Object.fromEntries(kinds),
      all: script(look, { namespaces: kindsHere, hostname: 'box' }),
      'no user namespace': script('true', { namespaces: ['mount', 'pid'] }),
      'ids of others': script('true', { namespaces: ['user'], idMaps: { uid: notHis, gid: notHis } }),
    });
  }, 30_000);

  it.each(kindsHere)('isolates a command in a %s namespace, together with a user namespace', (kind) => {
    expect(told[kind]).toMatchObject({ exitCode: 0, stdout: '0\n0\n', stderr: '' });
  });

  it('isolates a command in all of them', () => {
    expect(told.all?.stderr).toBe('');
    expect(told.all?.stdout).toMatch(/^1 \/proc\/1\nbox\n\d+\nmounted\n$/);
  });

  it('is told what to do without a user namespace', () => {
    const error = told['no user namespace']?.error;
    expect(error).toMatchObject({ name: 'SyscallError', code: 'EPERM' });
    expect(error?.message).toMatch(
      /new process, in new namespaces: mount, pid: clone3\(.*EPERM.*run as root, or create a user namespace with them/,
    );
  });

  it('cannot take ids that nobody granted, and is told where they are granted', () => {
    const error = told['ids of others']?.error;
    expect(error).toMatchObject({ name: 'NamespaceError', code: 'ID_MAP_DENIED' });
    expect(error?.message).toMatch(
      /cannot map ids 0 1 10 for process \d+: (.*\/etc\/subuid must grant these ids|newuidmap is not installed)/,
    );
  });
});

// Root only, as nobody else can choose who he is.
requires({ on: ['host', 'uml'], root: true, userNamespaces: true })(
  'an ordinary user who is not in /etc/passwd',
  () => {
    it('is root in a user namespace of his', async () => {
      const { map } = await asUser(
        { map: script('cat /proc/self/uid_map', { namespaces: ['user'] }) },
        { uid: 54_321 },
      );
      expect(map).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^\s+0\s+54321\s+1\n$/) });
    });
  },
);

// Root only, as nobody else can grant ids.
requires({ on: ['host', 'uml'], root: true, userNamespaces: true, command: 'newuidmap', path: '/etc/subuid' })(
  'an ordinary user with more ids',
  () => {
    it('has them inside, after root', async () => {
      await using place = scratch();
      const granted = place.join('granted');
      writeFileSync(granted, 'nobody:300000:1000\n');
      const maps: Request = {
        argv: ['cat', '/proc/self/uid_map', '/proc/self/gid_map'],
        options: { namespaces: ['user', 'mount'] },
      };
      const instead = { '/etc/subuid': granted, '/etc/subgid': granted };
      const told = await asUser({ maps }, { uid: 65534, instead });
      expect(told.maps?.stdout?.replace(/ +/g, ' ')).toBe(' 0 65534 1\n 1 300000 1000\n'.repeat(2));
    });
  },
);
