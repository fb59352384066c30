// Give a child 64 MiB, and watch what the kernel does when it wants more.
import { Cgroup } from '@estiba/cgroups';
import { execve, launch } from '@estiba/syscalls';

await using group = await Cgroup.create('/estiba/example-memory', {
  memory: { max: '64MiB', swap: 0 },
  pids: { max: 32 },
});

const hog = 'const a = []; for (;;) a.push(Buffer.alloc(1e6, 1))';
const child = await launch([group.join(), execve(process.execPath, ['node', '-e', hog])], { stdio: 'ignore' });

const { signal } = await child.wait();
const { memory } = await group.stat();
console.log(`ended by ${signal}, peak ${memory.peak} bytes, ${memory.oomKills} OOM kill(s)`);
