import { join } from 'node:path';
import { expect, inject, it } from 'vitest';
import { root } from '../project-files.ts';
import { execute } from './execute.ts';

const { alone, projects, tarballs } = inject('places');
const names = Object.keys(tarballs);

// What a reader would write, and next to it mistakes that the compiler has to find: a type that has become `any` finds none.
it.each([
  ['nodenext', 'nodenext'],
  ['preserve', 'bundler'],
])('what uses the packages is checked as module %s, resolved as %s', async (module, moduleResolution) => {
  const everywhere = Object.values(projects).flatMap((project) =>
    names.flatMap((name) => [join(project, `${name}.ts`), join(project, 'types', `${name}.ts`)]),
  );
  const aside = Object.entries(alone).map(([name, project]) => join(project, 'types', `${name}.ts`));
  const options = {
    module,
    moduleResolution,
    target: 'es2022',
    types: 'node',
    typeRoots: join(root, 'node_modules/@types'),
  };
  // Declarations of the packages and of theirs are checked as well: skipLibCheck is off.
  const flags = ['--noEmit', '--strict', '--allowImportingTsExtensions'];
  const args = [...flags, ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])];
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { stdout, status } = await execute(process.execPath, [tsc, ...args, ...everywhere, ...aside], {
    cwd: Object.values(projects)[0] ?? '',
    timeout: 100_000,
  });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});
