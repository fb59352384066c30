import { writeFileSync } from 'node:fs';
import { requires, scratch, unprivileged } from '@estiba/testkit';
import { expect, it } from 'vitest';
import type { IsolateOptions } from '../src/index.ts';
import { namespaceKinds } from '../src/kinds.ts';

interface Told {
  readonly exitCode?: number;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly error?: { name: string; code: string; message: string; remedy?: string };
}

const USER = 65534;
const fixture = 'packages/namespaces/test/fixtures/isolate.ts';

/** What an ordinary user gets of it; nobody of that number need exist. */
async function asUser(script: string, options: Partial<IsolateOptions>, uid = USER): Promise<Told> {
  const request = JSON.stringify({ argv: ['sh', '-c', script], options: { namespaces: [], ...options } });
  const { stdout, stderr } = await unprivileged(['node', '--conditions=estiba-source', fixture, request], { uid });
  if (stderr !== '') throw new Error(stderr);
  return JSON.parse(stdout);
}

requires({ root: true, userNamespaces: true })('an ordinary user', () => {
  it.each(namespaceKinds)('isolates a command in a %s namespace, together with a user namespace', async (kind) => {
    const namespaces = kind === 'user' ? [kind] : (['user', kind] as const);
    expect(await asUser('id -u; id -g', { namespaces })).toMatchObject({ exitCode: 0, stdout: '0\n0\n', stderr: '' });
  });

  it('isolates a command in all of them', async () => {
    const script =
      'echo $$ /proc/[0-9]*; cat /proc/sys/kernel/hostname; grep -c : /proc/net/dev; mount -t tmpfs x /mnt && echo mounted';
    const { stdout, stderr } = await asUser(script, { namespaces: namespaceKinds, hostname: 'box' });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^1 \/proc\/1\nbox\n\d+\nmounted\n$/);
  });

  it('need not be in /etc/passwd', async () => {
    expect(await asUser('cat /proc/self/uid_map', { namespaces: ['user'] }, 54_321)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^\s+0\s+54321\s+1\n$/),
    });
  });

  it('is told what to do without a user namespace', async () => {
    const { error } = await asUser('true', { namespaces: ['mount', 'pid'] });
    expect(error).toMatchObject({ name: 'SyscallError', code: 'EPERM' });
    expect(error?.message).toMatch(
      /new process, in new namespaces: mount, pid: clone3\(.*EPERM.*run as root, or create a user namespace with them/,
    );
  });

  it('cannot take ids that nobody granted, and is told where they are granted', async () => {
    const idMaps = { uid: [{ inside: 0, outside: 1, count: 10 }], gid: [{ inside: 0, outside: 1, count: 10 }] };
    const { error } = await asUser('true', { namespaces: ['user'], idMaps });
    expect(error).toMatchObject({ name: 'NamespaceError', code: 'ID_MAP_DENIED' });
    expect(error?.message).toMatch(
      /cannot map ids 0 1 10 for process \d+: (.*\/etc\/subuid must grant these ids|newuidmap is not installed)/,
    );
  });
});

requires({ root: true, userNamespaces: true, command: 'newuidmap', path: '/etc/subuid' })(
  'an ordinary user with more ids',
  () => {
    it('has them inside, after root', async () => {
      await using place = scratch();
      writeFileSync(place.join('granted'), 'nobody:300000:1000\n');
      const request = JSON.stringify({
        argv: ['cat', '/proc/self/uid_map', '/proc/self/gid_map'],
        options: { namespaces: ['user', 'mount'] },
      });
      const granted = place.join('granted');
      const command = ['node', '--conditions=estiba-source', fixture, request];
      const { stdout } = await unprivileged(command, { instead: { '/etc/subuid': granted, '/etc/subgid': granted } });
      const told: Told = JSON.parse(stdout);
      expect(told.stdout?.replace(/ +/g, ' ')).toBe(' 0 65534 1\n 1 300000 1000\n'.repeat(2));
    });
  },
);
