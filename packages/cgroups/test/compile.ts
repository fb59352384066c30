import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** From a C file beside the tests; small, so that its copies are made quickly. */
export function compile(name: string, program: string): void {
  const source = fileURLToPath(new URL(name, import.meta.url));
  const { status, stderr } = spawnSync('cc', ['-O2', '-static', '-pthread', '-o', program, source], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${name} cannot be compiled: ${stderr}`);
}
