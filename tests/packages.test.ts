import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { manifestOf, packages, read, root, withoutComments } from './project-files.ts';

// The scripts behind npm build before they test and set ESTIBA_NODE; a run by hand may find an old dist, or none.
const built = process.env.ESTIBA_NODE !== undefined;
const title = built ? 'as built' : 'as built (skipped: only npm test builds first)';

const publicPackages = packages.filter((name) => !manifestOf(name).private);

describe.skipIf(!built)(title, () => {
  it.each(publicPackages)('%s offers on this Node the names its index lists', (name) => {
    const { status, stdout, stderr } = importBuilt(name);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual(valuesListed(name));
  });

  it.each(publicPackages)('%s can be imported on an operating system it does not run on', (name) => {
    const { status, stderr } = importBuilt(name, "Object.defineProperty(process, 'platform', { value: 'darwin' });");
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
});

/** Imports the package by its own name, as a user would, in a Node that knows nothing of the sources. */
function importBuilt(name: string, before = '') {
  const script = `${before} console.log(JSON.stringify(Object.keys(await import('@estiba/${name}')).sort()))`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: join(root, 'packages', name),
    env: { PATH: process.env.PATH },
    encoding: 'utf8',
    timeout: 20_000,
  });
}

/** The exported names that are more than types. */
function valuesListed(name: string): string[] {
  const text = withoutComments(read(`packages/${name}/src/index.ts`));
  return [...text.matchAll(/export \{([^}]+)\} from/g)]
    .flatMap(([, list = '']) => list.split(','))
    .map((item) => item.trim())
    .filter((item) => item !== '' && !item.startsWith('type '))
    .map((item) => item.split(' as ').at(-1)?.trim() ?? item)
    .sort();
}
