import { describe, expect, it } from 'vitest';
import { filesBelow, read, withoutComments } from './project-files.ts';

const files = filesBelow().filter((path) => path.endsWith('.kernel.test.ts'));

describe.each(files)('%s', (path) => {
  const text = withoutComments(read(path));

  it('says for every group of its tests on which kernels they run', () => {
    const groups = [...text.matchAll(/\brequires\(([^()]*(?:\([^()]*\)[^()]*)*)\)/g)].map(([, needs = '']) => needs);
    expect(groups.length).toBeGreaterThan(0);
    const kernels = /\bon: \[(?:'(?:host|uml|qemu)'(?:, )?)+\]/;
    expect(groups.filter((needs) => !kernels.test(needs))).toEqual([]);
  });

  it('has no tests outside of such a group', () => {
    expect(text.match(/^(describe|it|test)\b.*/gm) ?? []).toEqual([]);
  });
});

it('there are kernel tests', () => {
  expect(files.length).toBeGreaterThan(30);
});
