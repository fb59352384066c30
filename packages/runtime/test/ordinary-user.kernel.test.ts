import { requires, unprivileged } from '@estiba/testkit';
import { expect, it } from 'vitest';

async function asOrdinaryUser(what: string): Promise<Record<string, unknown>> {
  const script = 'packages/runtime/test/fixtures/ordinary-user.ts';
  const { stdout, stderr } = await unprivileged(['node', '--conditions=estiba-source', script, what]);
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

requires({ on: ['host', 'uml'], userNamespaces: true })('an ordinary user', () => {
  it('is told what a container needs', async () => {
    expect(await asOrdinaryUser('no root')).toMatchObject({
      name: 'SyscallError',
      code: 'EPERM',
      remedy: expect.stringMatching(/CAP_SYS_ADMIN|user namespace/),
    });
  });

  it('runs a container in a user namespace, as root inside', async () => {
    expect(await asOrdinaryUser('rootless')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^1 0 box 1[0-9]\n$/),
    });
  });
});

// Root can make sure of it: those to whom a cgroup was delegated may use it.
requires({ on: ['host', 'uml'], root: true, userNamespaces: true })('an ordinary user without cgroups', () => {
  it('is told which cgroup it may not write, and what to do', async () => {
    expect(await asOrdinaryUser('no cgroup')).toMatchObject({
      name: 'CgroupError',
      code: 'CGROUP_DENIED',
      message: expect.stringContaining('/estiba'),
    });
  });
});
