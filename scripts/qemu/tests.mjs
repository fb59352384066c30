// What the guest is to run: vitest, with as few files as possible, since loading one takes seconds there.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { vitestArguments } from '../vitest.mjs';

/** vitest with these arguments: for the test files among them, or for all that name this machine. */
export function testCommand(args) {
  const isChosen = args.some((arg) => !arg.startsWith('-') && existsSync(arg));
  const files = isChosen ? [] : filesForThisMachine();
  return [process.execPath, ...vitestArguments('qemu', ['kernel'], [...patience, ...args, ...files], '/run/guest')];
}

/** Starting a process takes a hundred times as long as elsewhere. */
const patience = ['--testTimeout=120000'];

function filesForThisMachine() {
  const files = globSync(['packages/*/test/**/*.kernel.test.ts', 'tests/**/*.kernel.test.ts']);
  const named = files.filter((file) => readFileSync(file, 'utf8').includes("'qemu'"));
  if (named.length === 0) throw new Error("no kernel test names this machine: on: ['qemu'] in its requires()");
  return named.sort();
}
