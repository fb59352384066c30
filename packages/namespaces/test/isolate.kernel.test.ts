import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { mount, SyscallError } from '@estiba/syscalls';
import { requires, scratch } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { isolate, type NamespaceKind } from '../src/index.ts';
import { procNames } from '../src/kinds.ts';
import { isolated, output } from './finished.ts';
import { everybody, everywhere, kindsHere, timeNamespace } from './kinds-here.ts';

for (const somebody of everybody) {
  requires({ on: ['host', 'uml'], ...somebody.needs })(`a command ${somebody.who}`, () => {
    it.each(everywhere)('is alone in its %s namespace', (kind) => expectAloneIn(somebody.with(kind)));

    it('sees its own processes only, and is the first', async () => {
      expect(await output('echo $$ /proc/[0-9]*', { namespaces: somebody.with('pid', 'mount') })).toBe('1 /proc/1\n');
    });

    it('has a host name of its own', async () => {
      const before = hostname();
      expect(await output('cat /proc/sys/kernel/hostname', { namespaces: somebody.with('uts'), hostname: 'box' })).toBe(
        'box\n',
      );
      expect(hostname()).toBe(before);
      await expect(
        isolate(['true'], { namespaces: somebody.with('uts'), hostname: 'x'.repeat(65) }),
      ).rejects.toMatchObject({
        code: 'EINVAL',
        syscall: 'sethostname',
        step: expect.stringContaining('host name'),
      });
    });

    it('has a network of its own, with a loopback interface that is up', async () => {
      const interfaces = await output(
        'tail -n +3 /proc/net/dev | cut -d: -f1; ip -o addr show lo 2>/dev/null; cat /proc/net/fib_trie',
        { namespaces: somebody.with('network') },
      );
      expect(interfaces).toMatch(/^\s*lo\n/);
      expect(interfaces).toContain('127.0.0.1');
      // Tunnels that the kernel makes in each network namespace aside, there is nothing.
      expect(readFileSync('/proc/net/dev', 'utf8')).not.toBe(interfaces);
    });

    it('mounts what nobody else sees', async () => {
      await using place = scratch();
      const prepare = [mount({ source: 'tmpfs', target: place.path, type: 'tmpfs' })];
      expect(await output('touch $1/inside; ls $1', { namespaces: somebody.with('mount'), prepare }, place.path)).toBe(
        'inside\n',
      );
      expect(await output('ls $1', { namespaces: [] }, place.path)).toBe('');
    });

    it('has our environment, or the one that it is given', async () => {
      process.env.ESTIBA_MARK = 'here';
      try {
        expect(await output('echo "$ESTIBA_MARK"', { namespaces: somebody.with('uts') })).toBe('here\n');
        expect(
          await output('echo "$ESTIBA_MARK-$A"', { namespaces: somebody.with('uts'), env: { A: 'b', PATH: '/bin' } }),
        ).toBe('-b\n');
      } finally {
        delete process.env.ESTIBA_MARK;
      }
    });

    it('ends as it ends', async () => {
      expect((await isolated('exit 7', { namespaces: somebody.with('pid') })).status).toEqual({
        exitCode: 7,
        signal: null,
      });
      await using child = await isolate(['sleep', '20'], { namespaces: somebody.with('pid'), stdio: 'ignore' });
      child.kill('SIGKILL');
      expect(await child.wait()).toEqual({ exitCode: null, signal: 'SIGKILL' });
    });

    it('takes all its processes with it', async () => {
      await using child = await isolate(['sh', '-c', 'sleep 1000 & exec sleep 1000'], {
        namespaces: somebody.with('pid', 'mount'),
        stdio: 'ignore',
      });
      child.kill('SIGKILL');
      await child.wait();
    });

    it('that does not exist is an error which says so, and leaves nothing', async () => {
      const namespaces = somebody.with('pid', 'mount', 'network', 'uts', 'ipc', 'cgroup');
      await expect(isolate(['no-such-command'], { namespaces })).rejects.toBeInstanceOf(SyscallError);
      await expect(isolate(['no-such-command'], { namespaces })).rejects.toThrow(/executable file not found in \$PATH/);
    });
  });

  requires({ on: ['host', 'qemu'], ...somebody.needs, path: timeNamespace })(
    `a command ${somebody.who} with a clock of its own`,
    () => {
      it('is alone in its time namespace', () => expectAloneIn(somebody.with('time')));
    },
  );
}

requires({ on: ['host', 'uml'], root: true })('a command in a user namespace that root makes', () => {
  it('may have any id map', async () => {
    const idMaps = {
      uid: [{ inside: 0, outside: 200_000, count: 65_536 }],
      gid: [{ inside: 0, outside: 300_000, count: 65_536 }],
    };
    const text = await output('id -u; id -g; cat /proc/self/uid_map /proc/self/gid_map; id -G', {
      namespaces: ['user', 'mount', 'pid'],
      idMaps,
    });
    expect(text.replace(/ +/g, ' ')).toBe('0\n0\n 0 200000 65536\n 0 300000 65536\n0\n');
  });

  it('is nobody from outside, whatever ids it gets', async () => {
    await using place = scratch();
    writeFileSync(place.join('of-root'), 'secret', { mode: 0o600 });
    const idMaps = {
      uid: [{ inside: 1000, outside: 201_000, count: 1 }],
      gid: [{ inside: 1000, outside: 301_000, count: 1 }],
    };
    const script = 'id -u; id -G; cat "$1" 2>/dev/null || echo refused';
    const file = place.join('of-root');
    expect(await output(script, { namespaces: ['user'], idMaps }, file)).toBe('1000\n1000\nrefused\n');
  });

  it('has none of our groups', async () => {
    const before = process.getgroups?.() ?? [];
    process.setgroups?.([0, 4, 6]);
    try {
      expect(await output('id -G', { namespaces: ['user'] })).toBe('0\n');
    } finally {
      process.setgroups?.(before);
    }
  });
});

async function expectAloneIn(namespaces: readonly NamespaceKind[]): Promise<void> {
  const listed = await output('readlink /proc/self/ns/*', { namespaces });
  const inside = Object.fromEntries(
    listed
      .trim()
      .split('\n')
      .map((line) => line.split(':') as [string, string]),
  );
  for (const each of kindsHere)
    expect(
      `${procNames[each]}:${inside[procNames[each]]}` === readlinkSync(`/proc/self/ns/${procNames[each]}`),
      each,
    ).toBe(!namespaces.includes(each));
}
