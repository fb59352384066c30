// What a filter answers, and a process that lives with it; as anybody.
import { dockerSeccompFilter, dropPrivileges, simulateSeccomp } from '@estiba/privileges';
import { execve, launch } from '@estiba/syscalls';

console.log(simulateSeccomp(dockerSeccompFilter(), { syscall: 'mount' }).action);

const show = execve('/bin/grep', ['grep', '-E', '^(NoNewPrivs|Seccomp):', '/proc/self/status']);
const child = await launch([dropPrivileges({ noNewPrivileges: true, seccomp: 'default' }), show], {
  stdio: ['ignore', 'inherit', 'inherit'],
});
console.log(JSON.stringify(await child.wait()));
