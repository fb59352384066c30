/** The C programs of the benches: compiled where they are used, so that none lies about. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Static, so that no dynamic linking is on its bill; headers are looked for in `directory` too. Returns the program. */
export function compileC(name: 'starter' | 'floor' | 'reader', directory: string): string {
  const source = join(import.meta.dirname, 'native', `${name}.c`);
  const program = join(directory, name);
  const args = ['-O2', '-static', '-Wall', '-Werror', '-I', directory, '-o', program, source];
  const { status, stderr, error } = spawnSync('cc', args, { encoding: 'utf8', timeout: 60_000 });
  if (status !== 0) throw new Error(`cannot compile ${source}: ${error?.message ?? stderr}`);
  return program;
}
