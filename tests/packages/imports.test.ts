import { describe, expect, inject, it } from 'vitest';
import { read, withoutComments } from '../project-files.ts';
import { execute } from './execute.ts';

const { alone, nodes, projects, tarballs } = inject('places');
const names = Object.keys(tarballs);
const [oldest = ''] = Object.values(nodes);

describe.each(Object.entries(projects))('installed by %s', (_, project) => {
  it.each(Object.entries(nodes))('each package offers on Node %s the names its index lists', async (_, node) => {
    const script = `const offered = {};
      for (const name of ${JSON.stringify(names)}) offered[name] = Object.keys(await import('@estiba/' + name)).sort();
      console.log(JSON.stringify(offered));`;
    expect(await evaluate(node, project, script)).toEqual(
      Object.fromEntries(names.map((name) => [name, valuesListed(name)])),
    );
  });

  it.each(Object.entries(nodes))(
    'each package can be required on Node %s by those who do not import',
    async (_, node) => {
      const script = `console.log(JSON.stringify(${JSON.stringify(names)}.map((name) => Object.keys(require('@estiba/' + name)).length)))`;
      expect(await evaluate(node, project, script, 'commonjs')).toEqual(names.map((name) => valuesListed(name).length));
    },
  );
});

describe.each(names)('%s', (name) => {
  const project = alone[name] ?? '';

  it('comes with all that it imports', async () => {
    const script = `console.log(JSON.stringify(Object.keys(await import('@estiba/${name}')).sort()))`;
    expect(await evaluate(oldest, project, script)).toEqual(valuesListed(name));
  });

  it('can be imported on an operating system it does not run on', async () => {
    const script = `Object.defineProperty(process, 'platform', { value: 'darwin' });
      console.log(JSON.stringify(Object.keys(await import('@estiba/${name}')).length))`;
    expect(await evaluate(oldest, project, script)).toBe(valuesListed(name).length);
  });
});

it('on each Node that is promised', async () => {
  const versions = await Promise.all(Object.values(nodes).map((node) => execute(node, ['--version'])));
  expect(versions.map(({ stdout }) => stdout.trim())).toEqual(Object.keys(nodes).map((version) => `v${version}`));
});

/** What the script prints, as JSON; nothing may be warned of. */
async function evaluate(node: string, cwd: string, script: string, type = 'module'): Promise<unknown> {
  const { stdout, stderr, status } = await execute(node, [`--input-type=${type}`, '--eval', script], { cwd });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return JSON.parse(stdout);
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
