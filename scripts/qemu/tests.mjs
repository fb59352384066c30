// What the guest is to run: vitest, with as few files as possible, since loading one takes seconds there.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { vitestArguments } from '../vitest.mjs';

/** What runs under which kernel when no files are named. */
export const suites = {
  debian: { name: 'qemu', isMeant: () => true },
  newer: { name: 'qemu-newer', isMeant: (text) => /\bisLinux\(/.test(text) },
};

/** vitest with these arguments: for the test files among them, or for all of the suite that name this machine. */
export function testCommand(suite, args) {
  const isChosen = args.some((arg) => !arg.startsWith('-') && existsSync(arg));
  const files = isChosen ? [] : filesOf(suite);
  return [process.execPath, ...vitestArguments('results', ['kernel'], [...patience, ...args, ...files], '/run/guest')];
}

/** Starting a process takes a hundred times as long as elsewhere. */
const patience = ['--testTimeout=120000'];

function filesOf({ name, isMeant }) {
  const files = globSync(['packages/*/test/**/*.kernel.test.ts', 'tests/**/*.kernel.test.ts']);
  const named = files.filter((file) => {
    const text = readFileSync(file, 'utf8');
    return text.includes("'qemu'") && isMeant(text);
  });
  if (named.length === 0) throw new Error(`no kernel test is for ${name}: on: ['qemu'] in its requires()`);
  return named.sort();
}
