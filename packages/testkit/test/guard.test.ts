import { spawnSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repositoryRoot, scratch } from '../src/index.ts';

it('a test file that leaves something behind fails, and is told what', async () => {
  await using folder = scratch('guarded');
  const left = folder.join('left-behind');
  writeTest(folder.join('leaks.test.ts'), `openSync('${left}', 'w')`);
  const { status, output } = runGuarded(folder.path);
  expect(output).toContain('the tests of this file leave behind:');
  expect(output).toMatch(/descriptor \d+ \(.*left-behind\)/);
  expect(status).toBe(1);
});

it('a test file that cleans up passes', async () => {
  await using folder = scratch('guarded');
  writeTest(folder.join('tidy.test.ts'), `closeSync(openSync('${folder.join('closed')}', 'w'))`);
  const { status, output } = runGuarded(folder.path);
  expect(output).toContain('1 passed');
  expect(status).toBe(0);
});

function writeTest(path: string, body: string): void {
  const imports = "import { closeSync, openSync } from 'node:fs';\nimport { it } from 'vitest';\n";
  writeFileSync(path, `${imports}it('opens a file', () => { ${body}; closeSync; });\n`);
}

/** A run of its own, with the set-up file that guards the kernel tests. */
function runGuarded(folder: string): { status: number | null; output: string } {
  const config = join(folder, 'vitest.config.ts');
  const setup = join(repositoryRoot, 'packages/testkit/src/guard-setup.ts');
  const test = { root: folder, include: ['*.test.ts'], setupFiles: [setup], pool: 'forks' };
  writeFileSync(config, `export default ${JSON.stringify({ test, server: { fs: { strict: false } } })};\n`);
  symlinkSync(join(repositoryRoot, 'packages/testkit/node_modules'), join(folder, 'node_modules'));
  const vitest = join(repositoryRoot, 'packages/testkit/node_modules/vitest/vitest.mjs');
  const { NODE_ENV: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [vitest, 'run', '--config', config], {
    cwd: folder,
    env: { ...env, NO_COLOR: '1' },
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { status, output: stdout + stderr };
}
