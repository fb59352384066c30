import { chmod, copyFile } from 'node:fs/promises';
import { continueInChild, execve, launch, type Program, SyscallError, syscall, writeFile } from '@estiba/syscalls';
import { type Needs, requires, scratch } from '@estiba/testkit';
import { expect, it } from 'vitest';
import {
  allCapabilities,
  type Capability,
  capabilities,
  capabilitiesOf,
  capabilitySets,
  dockerCapabilities,
  dropPrivileges,
  grantableCapabilities,
  noNewPrivileges,
  oomScoreAdj,
  rlimits,
  type User,
} from '../src/index.ts';
import { outcomeOf, statusAfter, textAfter } from './status.ts';

const docker = '00000000a80425fb';
const empty = '0000000000000000';

/** Root has all capabilities, be it of this machine or of a user namespace that anybody can make. */
const roots: Root[] = [
  { name: 'root', needs: { root: true }, become: [], user: { uid: 0, gid: 0, groups: [0] } },
  {
    name: 'root of a user namespace',
    needs: { userNamespaces: true },
    become: becomeRoot(),
    user: { uid: 0, gid: 0, groups: 'keep' },
  },
];

function becomeRoot(): Program {
  return [
    continueInChild('user'),
    writeFile('/proc/self/setgroups', 'deny'),
    writeFile('/proc/self/uid_map', `0 ${process.geteuid?.()} 1`),
    writeFile('/proc/self/gid_map', `0 ${process.getegid?.()} 1`),
  ];
}

function refusal(syscallName: string, code: string) {
  return expect.objectContaining({ constructor: SyscallError, syscall: syscallName, code });
}

for (const root of roots) {
  requires({ on: ['host', 'uml'], ...root.needs })(`a process launched by ${root.name}`, () => launchedByRoot(root));
}

requires({ on: ['host', 'uml'], root: true })('a process launched by root that becomes another user', () => {
  it('of an ordinary user has no capabilities, no way to new ones, and a filter', async () => {
    const status = await statusAfter(
      dropPrivileges({
        user: { uid: 1234, gid: 2345, groups: [7, 8], umask: 0o027 },
        capabilities: dockerCapabilities,
        noNewPrivileges: true,
        seccomp: 'default',
      }),
    );
    expect(status).toMatchObject({
      Uid: '1234\t1234\t1234\t1234',
      Gid: '2345\t2345\t2345\t2345',
      Groups: '7 8',
      Umask: '0027',
      CapInh: empty,
      CapPrm: empty,
      CapEff: empty,
      CapBnd: docker,
      CapAmb: empty,
      NoNewPrivs: '1',
      Seccomp: '2',
      Seccomp_filters: '1',
    });
  });

  it('of an ordinary user keeps an ambient capability across execve', async () => {
    const set: Capability[] = ['CAP_NET_BIND_SERVICE'];
    const sets = { bounding: set, effective: set, permitted: set, inheritable: set, ambient: set };
    const status = await statusAfter(dropPrivileges({ user: '1000:1000', capabilities: sets, noNewPrivileges: true }));
    expect(status).toMatchObject({
      CapEff: '0000000000000400',
      CapAmb: '0000000000000400',
      CapBnd: '0000000000000400',
    });
  });

  it('cannot become root again', async () => {
    const dropped = dropPrivileges({ user: '1000:1000', capabilities: [] });
    await expect(outcomeOf([dropped, syscall('setresuid', 0, 0, 0)])).rejects.toEqual(refusal('setresuid', 'EPERM'));
    await expect(outcomeOf([dropped, syscall('setresgid', 0, 0, 0)])).rejects.toEqual(refusal('setresgid', 'EPERM'));
    await expect(outcomeOf([dropped, syscall('setgroups', 0, undefined)])).rejects.toEqual(
      refusal('setgroups', 'EPERM'),
    );
    await expect(outcomeOf([syscall('setresuid', 0, 0, 0)])).resolves.toEqual({ exitCode: 0, signal: null });
  });

  it('gets of all capabilities those that can be given', async () => {
    const { sets } = grantableCapabilities(capabilitySets(allCapabilities), await capabilitiesOf());
    const status = await statusAfter(dropPrivileges({ capabilities: sets }));
    expect(status.CapEff).toBe((await statusAfter([])).CapEff);
  });

  it('gains nothing from a set-user-id file where new privileges are forbidden', async () => {
    await using folder = scratch();
    const cat = folder.join('cat');
    await copyFile('/bin/cat', cat);
    await chmod(cat, 0o4755);
    const become = dropPrivileges({ user: '1000:1000' });
    expect(await statusAfter(become, cat)).toMatchObject({ Uid: '1000\t0\t0\t0', NoNewPrivs: '0' });
    expect(await statusAfter([become, noNewPrivileges()], cat)).toMatchObject({
      Uid: '1000\t1000\t1000\t1000',
      NoNewPrivs: '1',
    });
  });
});

requires({ on: ['host', 'uml'] })('a process launched by anybody', () => {
  it('has the limits it was given', async () => {
    const limits = await textAfter(
      rlimits({ nofile: { soft: 100, hard: 123 }, core: 0, fsize: 'unlimited' }),
      '/proc/self/limits',
    );
    expect(limits).toMatch(/^Max open files +100 +123 /m);
    expect(limits).toMatch(/^Max core file size +0 +0 /m);
  });

  it('has the oom score it was given, and stays hidden until it is another program', async () => {
    // What is hidden is root's in /proc, even for itself; root may read it all the same.
    const openOwn = syscall('openat', -100, '/proc/self/environ', 0, 0);
    expect(await textAfter(oomScoreAdj(567), '/proc/self/oom_score_adj')).toBe('567\n');
    if (process.geteuid?.() !== 0)
      await expect(outcomeOf([oomScoreAdj(567), openOwn])).rejects.toEqual(refusal('openat', 'EACCES'));
  });

  it('has a filter, and no way to new privileges', async () => {
    const filtered = dropPrivileges({ noNewPrivileges: true, seccomp: 'default' });
    expect(await statusAfter(filtered)).toMatchObject({ NoNewPrivs: '1', Seccomp: '2', Seccomp_filters: '1' });
    expect(await statusAfter([])).toMatchObject({ NoNewPrivs: '0', Seccomp: '0' });
  });

  it('has capabilities with names that are known', async () => {
    const own = await capabilitiesOf();
    expect(own.effective.every((name) => allCapabilities.includes(name))).toBe(true);
    await expect(capabilitiesOf(0)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

requires({ on: ['host', 'uml'], userNamespaces: true })(
  'a process launched by anybody, as root of a user namespace',
  () => {
    it('can leave its groups alone where setgroups is forbidden', async () => {
      const inside = (groups: 'keep' | []): Program => [
        becomeRoot(),
        dropPrivileges({
          user: { uid: 0, gid: 0, groups },
          capabilities: allCapabilities,
          noNewPrivileges: true,
          seccomp: 'default',
        }),
      ];
      expect(await statusAfter(inside('keep'))).toMatchObject({
        Uid: '0\t0\t0\t0',
        CapEff: '000001ffffffffff',
        Seccomp: '2',
      });
      await expect(outcomeOf(inside([]))).rejects.toEqual(refusal('setgroups', 'EPERM'));
    });
  },
);

interface Root {
  readonly name: string;
  readonly needs: Needs;
  readonly become: Program;
  readonly user: User;
}

function launchedByRoot({ become, user }: Root): void {
  it('that stays root has Docker’s capabilities and no others', async () => {
    const status = await statusAfter([
      become,
      dropPrivileges({ user, capabilities: dockerCapabilities, seccomp: 'default' }),
    ]);
    expect(status).toMatchObject({
      CapInh: empty,
      CapPrm: docker,
      CapEff: docker,
      CapBnd: docker,
      CapAmb: empty,
      NoNewPrivs: '0',
      Seccomp: '2',
      ...(user.groups === 'keep' ? {} : { Groups: '0' }),
    });
  });

  it('has no capabilities at all when the list is empty, root or not', async () => {
    const status = await statusAfter([become, dropPrivileges({ capabilities: [] })]);
    expect(status).toMatchObject({ CapInh: empty, CapPrm: empty, CapEff: empty, CapBnd: empty, CapAmb: empty });
  });

  it('cannot take more capabilities than it was left with', async () => {
    const wanted = capabilities(capabilitySets(['CAP_KILL', 'CAP_CHOWN']));
    const only = capabilities(capabilitySets(['CAP_KILL', 'CAP_SETPCAP']));
    await expect(outcomeOf([become, only, wanted])).rejects.toEqual(refusal('capset', 'EPERM'));
  });

  it('has the capabilities that capabilitiesOf tells', async () => {
    const list: Capability[] = ['CAP_CHOWN', 'CAP_SYS_CHROOT'];
    await using child = await launch([
      become,
      dropPrivileges({ capabilities: list }),
      execve('/bin/sleep', ['sleep', '30']),
    ]);
    expect(await capabilitiesOf(child.pid)).toEqual(capabilitySets(list));
  });
}
