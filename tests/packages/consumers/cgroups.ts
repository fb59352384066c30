// A process inside of a limit, counted and killed with its cgroup.
import { Cgroup } from '@estiba/cgroups';
import { execve, launch } from '@estiba/syscalls';

const group = await Cgroup.create(`/estiba/consumer-${process.pid}`, { pids: { max: 8 } });
try {
  const child = await launch([group.join(), execve('/bin/sleep', ['sleep', '60'])], { stdio: 'ignore' });
  const { max } = (await group.stat()).pids;
  const inside = await group.pids();
  await group.kill();
  console.log(JSON.stringify({ max, alone: inside.join() === String(child.pid), ...(await child.wait()) }));
} finally {
  await group[Symbol.asyncDispose]();
}
