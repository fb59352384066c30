import { join, posix } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { manifestOf, root } from '../project-files.ts';
import { execute } from './execute.ts';

const { tarballs } = inject('places');

describe.each(Object.entries(tarballs))('the tarball of %s', (name, tarball) => {
  it('holds what was built, its sources, its README and the licence, and nothing else', async () => {
    const paths = await list(tarball);
    const always = ['LICENSE', 'README.md', 'dist/index.d.ts', 'dist/index.js', 'package.json', 'src/index.ts'];
    expect(paths).toEqual(expect.arrayContaining(always));
    const made = /^dist\/.*\.(js|d\.ts)(\.map)?$|^src\/.*\.ts$/;
    const native = /^native\/(build\.mjs|interpreter\.c|linux-(x64|arm64)\/(launcher|interpreter\.so))$/;
    const allowed = name === 'syscalls' ? [made, native] : [made];
    const others = paths.filter((path) => !always.includes(path) && !allowed.some((pattern) => pattern.test(path)));
    expect(others).toEqual([]);
    expect(paths.filter((path) => /\.(test|bench)\.|(^|\/)(test|node_modules)\//.test(path))).toEqual([]);
  });

  it('leads a debugger and an editor from what was built to its sources', async () => {
    const paths = await list(tarball);
    const maps = paths.filter((path) => path.endsWith('.map'));
    expect(maps.length).toBeGreaterThan(1);
    for (const map of maps) {
      const { sources } = JSON.parse(await read(tarball, map)) as { sources: string[] };
      expect(paths, map).toEqual(
        expect.arrayContaining(sources.map((source) => posix.join(posix.dirname(map), source))),
      );
    }
  });

  it('needs what the manifest in the workspace says, by versions that a registry knows', async () => {
    const packed = JSON.parse(await read(tarball, 'package.json'));
    const { dependencies = {} } = manifestOf(name);
    expect(Object.keys(packed.dependencies ?? {})).toEqual(Object.keys(dependencies));
    for (const range of Object.values(packed.dependencies ?? {})) expect(range).toMatch(/^\^?\d+\.\d+\.\d+$/);
    expect(packed.engines).toEqual({ node: '>=22.18' });
    expect(packed.publishConfig).toEqual({ access: 'public' });
    expect(Object.keys(packed.scripts)).toEqual(['build']);
  });
});

async function list(tarball: string): Promise<string[]> {
  const { stdout } = await execute('tar', ['-tzf', tarball]);
  return stdout
    .trim()
    .split('\n')
    .map((path) => path.replace(/^package\//, ''));
}

async function read(tarball: string, path: string): Promise<string> {
  const { stdout, stderr } = await execute('tar', ['-xzOf', tarball, join('package', path)], { cwd: root });
  expect(stderr).toBe('');
  return stdout;
}
