// `npm run test:uml [-- root|user|v1 [arguments of vitest]]`: the kernel tests under Linux 6.1 as a process, with cgroup v2,
// as root, and again as an ordinary user with a delegated cgroup. `v1`: those of memory on cgroup v1. What they do stays in there.
import { fileURLToPath } from 'node:url';
import { run } from '../processes.mjs';
import { resultsFolder } from '../results-folder.mjs';
import { vitestArguments } from '../vitest.mjs';

const guest = fileURLToPath(new URL('run', import.meta.url));
const users = { root: [], user: ['--ordinary'], v1: ['--memory-v1'] };
/** Not all of them. */
const files = { v1: ['packages/cgroups/test/v1-memory'] };

const [first = '', ...rest] = process.argv.slice(2);
const chosen = Object.hasOwn(users, first) ? [first] : ['root', 'user'];
const args = chosen.length === 1 ? rest : process.argv.slice(2);

const results = resultsFolder();
for (const user of chosen) {
  const options = ['--timeout', '2100', '--rw', results, ...users[user]];
  const command = [
    process.execPath,
    ...vitestArguments(`uml-${user}`, ['kernel'], [...(files[user] ?? []), ...args], results),
  ];
  await run('bash', [guest, ...options, '--', ...command], { cwd: process.cwd(), env: process.env });
}
