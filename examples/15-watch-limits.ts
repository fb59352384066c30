// Be told, while a command runs, what it runs into: out of processes, out of memory, and when everything has ended.
import { Cgroup } from '@estiba/cgroups';
import { command, launch } from '@estiba/syscalls';

await using group = await Cgroup.create('/estiba/example-watch', {
  memory: { max: '32MiB', swap: 0 },
  pids: { max: 4 },
});

const events = group.events({ types: ['pids-max', 'oom-kill', 'empty'] });
const script = '(sleep 0.3 | sleep 0.3 | sleep 0.3 | sleep 0.3); tail /dev/zero; true';
await using child = await launch([group.join(), command(['sh', '-c', script])], { stdio: 'ignore' });

for await (const { type, count } of events) {
  console.log(type, count);
  if (type === 'empty') break;
}

const { exitCode, signal } = await child.wait();
console.log(exitCode ?? signal);
