/** /bin/true of the host: what starting a process costs, and what its namespaces add. */
import { isolate, namespaceKinds } from '@estiba/namespaces';
import { command, launch } from '@estiba/syscalls';
import type { Bench } from '../bench.ts';
import { childProcess } from '../contenders/child-process.ts';
import { complete } from '../contenders/ours.ts';
import { pathOf } from '../programs.ts';
import type { Contender } from '../rounds.ts';

const namespaces = namespaceKinds.filter((kind) => kind !== 'user' && kind !== 'time');

export async function primitives(bench: Bench): Promise<void> {
  await bench.compare({
    title: 'a process',
    note: 'posix_spawn is measured in a small C program, the others in this Node',
    ours: 'launch',
    contenders: [
      { name: 'launch', run: () => complete(launch([command(['/bin/true'])], { stdio: 'ignore' })) },
      { name: 'posix_spawn', run: () => bench.programs.run(['/bin/true']) },
      childProcess('child_process.spawn'),
    ],
    rounds: 400,
    warmup: 20,
  });
  await bench.compare({
    title: 'a process in six namespaces',
    note: 'pid, mount, uts, ipc, network, cgroup; /proc mounted anew; isolate also sets the loopback interface up',
    ours: 'isolate',
    contenders: [
      { name: 'isolate', run: () => complete(isolate(['/bin/true'], { namespaces, stdio: 'ignore' })) },
      unshare('unshare', bench),
    ],
    rounds: 400,
    warmup: 20,
  });
}

function unshare(name: string, bench: Bench): Contender {
  const flags = ['--pid', '--fork', '--mount-proc', '--uts', '--ipc', '--net', '--cgroup'];
  return { name, run: () => bench.programs.run([pathOf('unshare'), ...flags, '/bin/true']) };
}
