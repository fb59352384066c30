// `npm run demo|test|check|bench [-- arguments]` on a machine that has Linux, Node >= 20 with npm, and `cc`.
// Plain JavaScript without dependencies: this file runs before anything of the project is installed.
import { fileURLToPath } from 'node:url';
import { commands } from './commands.mjs';
import { checkMachine } from './machine.mjs';
import { run } from './processes.mjs';
import { prepareToolchain } from './toolchain.mjs';
import { build, installDependencies } from './workspace.mjs';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const [name = '', ...args] = process.argv.slice(2);

const command = commands[name];
if (!command) fail(`unknown command '${name}': expected one of ${Object.keys(commands).join(', ')}`);

const problems = checkMachine(command.needs);
if (problems.length > 0)
  fail(`cannot run '${name}' on this machine:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);

try {
  const toolchain = await prepareToolchain();
  await installDependencies(root, toolchain);
  if (command.builds) await build(root, toolchain);
  // In order, and only as far as they pass.
  for (const step of command.steps(args)) await run(toolchain.node, step, { cwd: root, env: toolchain.env });
} catch (error) {
  fail(error.message, error.exitStatus);
}

function fail(message, status = 1) {
  console.error(`estiba: ${message}`);
  process.exit(status);
}
