import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { filesBelow, packages, read, root, withoutComments } from './project-files.ts';

it('every error code is explained, and none that does not exist', () => {
  const listed = read('docs/errors.md').matchAll(/^\| `([A-Z0-9_]+)` /gm);
  expect([...new Set([...listed].map(([, code]) => code))].sort()).toEqual(codesInSources());
});

it('every error class has its section', () => {
  const classes = errorFiles().flatMap((path) =>
    [...read(path).matchAll(/export class (\w+Error) /g)].map(([, name]) => name),
  );
  const sections = [...read('docs/errors.md').matchAll(/^## (\w+Error) /gm)].map(([, name]) => name);
  expect(sections.sort()).toEqual(classes.sort());
});

it('links between documents lead somewhere', () => {
  const documents = filesBelow().filter((path) => path.endsWith('.md'));
  const links = documents.flatMap((path) =>
    [...read(path).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, target = '']) => ({ path, target })),
  );
  const local = links.filter(({ target }) => !/^[a-z]+:/.test(target));
  expect(local.length).toBeGreaterThan(10);
  expect(local.filter(({ path, target }) => !existsSync(join(root, dirname(path), target)))).toEqual([]);
});

it('the README names every public package', () => {
  const text = read('README.md');
  const missing = packages.filter((name) => name !== 'testkit' && !text.includes(`](packages/${name})`));
  expect(missing).toEqual([]);
});

function errorFiles(): string[] {
  return filesBelow('packages').filter((path) => /\/src\/[^/]*errors?\.ts$/.test(path));
}

/** The members of all `…Code` unions. */
function codesInSources(): string[] {
  const unions = errorFiles().flatMap((path) => [...withoutComments(read(path)).matchAll(/type \w+Code =([^;]+);/g)]);
  const codes = unions.flatMap(([, union = '']) =>
    [...union.matchAll(/'([A-Z0-9_]+)'/g)].map(([, code]) => code ?? ''),
  );
  return [...new Set(codes)].sort();
}
