import { mkdirSync } from 'node:fs';
import { scratch } from '@estiba/testkit';
import { expect, test } from 'vitest';
import type { Host } from '../src/host.ts';
import { inheritedHierarchies } from '../src/inherited.ts';
import type { Hierarchy } from '../src/mountinfo.ts';

test.each([
  ['/estiba/x', []],
  ['/estiba/x/a', ['cpu']],
  ['/estiba/x/a/b/c', ['cpu']],
  ['/estiba/y/a', []],
  ['/other', []],
  ['/other/x', ['pids']],
  ['/other/x/a', ['pids']],
])('%s is needed where one above it is, besides our folder: %s', async (path, expected) => {
  await using folder = await scratch();
  for (const each of ['cpu/estiba/x', 'pids/estiba', 'pids/other']) {
    mkdirSync(`${folder.path}/${each}`, { recursive: true });
  }
  const hierarchies = ['cpu', 'pids'].map(
    (name): Hierarchy => ({ version: 1, mountPoint: `${folder.path}/${name}`, root: '/', controllers: [name] }),
  );
  const host: Host = { mode: 'v1', hierarchies, unified: undefined, controllers: new Map() };
  expect(inheritedHierarchies(host, path).flatMap(({ controllers }) => controllers)).toEqual(expected);
});
