import { explain } from '@estiba/syscalls';
import { describe, expect, it } from 'vitest';
import { type IsolateOptions, isolate, isolation } from '../src/index.ts';

const lines = (options: IsolateOptions) => explain(isolation(['/bin/true'], { env: {}, ...options })).split('\n');

describe('the program of an isolated command', () => {
  it('creates all namespaces at once, prepares them and executes', () => {
    const names = lines({ namespaces: ['pid', 'mount', 'network', 'uts'], hostname: 'box' }).filter(
      (line) => !line.startsWith('  '),
    );
    expect(names).toEqual([
      'clone3(CLONE_PARENT) in new namespaces: pid, mount, network, uts; the rest happens in the child',
      '# make mounts private',
      '# mount proc on /proc',
      '# set the loopback interface up',
      'sethostname("box", 3)',
      'execve("/bin/true", ["/bin/true"], [])',
    ]);
  });

  it('has no /proc of its own without both of pid and mount', () => {
    expect(lines({ namespaces: ['pid'] }).join()).not.toContain('proc');
    expect(lines({ namespaces: ['mount'] }).join()).not.toContain('fsopen');
  });

  it('is the command alone without namespaces', () => {
    expect(lines({ namespaces: [] })).toEqual(['execve("/bin/true", ["/bin/true"], [])']);
  });

  it('goes on in a child after it has joined a pid namespace', () => {
    expect(lines({ namespaces: [], join: { pid: '/p' } })).toContain(
      'clone3(CLONE_PARENT); the rest happens in the child',
    );
    expect(
      lines({ namespaces: ['uts'], join: { pid: '/p' } }).filter((line) => line.startsWith('clone3')),
    ).toHaveLength(1);
  });

  it('prepares what it is told after everything else', () => {
    const prepare = [{ name: 'sync', args: [] }];
    expect(lines({ namespaces: ['uts'], hostname: 'box', prepare }).slice(1)).toEqual([
      'sethostname("box", 3)',
      '# prepare',
      '  sync()',
      'execve("/bin/true", ["/bin/true"], [])',
    ]);
  });
});

describe('options that contradict each other are refused:', () => {
  it.each<[string, IsolateOptions, RegExp]>([
    [
      'a host name in our uts namespace',
      { namespaces: ['mount'], hostname: 'box' },
      /would change that of the machine: add 'uts'/,
    ],
    [
      'id maps without a user namespace',
      { namespaces: ['mount'], idMaps: { uid: [], gid: [] } },
      /add 'user' to namespaces/,
    ],
    [
      'to create and to join',
      { namespaces: ['network'], join: { network: '/n' } },
      /both to create and to join a namespace: network/,
    ],
    ['an unknown kind', { namespaces: ['disk' as 'uts'] }, /no such namespace: disk \(one of user, pid, mount/],
    ['an unknown kind to join', { namespaces: [], join: { disk: '/n' } as never }, /no such namespace: disk/],
    ['a namespace twice', { namespaces: ['uts', 'uts'] }, /asked twice for a namespace: uts/],
    ['no command', { namespaces: [] }, /a command needs a name/],
  ])('%s', async (title, options, message) => {
    await expect(isolate(title === 'no command' ? [] : ['true'], options)).rejects.toThrow(message);
  });
});
