import { expect, it } from 'vitest';
import { filesBelow, manifestOf, packages, read } from './project-files.ts';

// https://github.com/changesets/changesets/blob/main/docs/adding-a-changeset.md
const changeset = /^---\n((?:"[^"\n]+": (?:patch|minor|major)\n)+)---\n\n\S/;

// One file that is not as expected, and nothing can be released. Formatters take the front matter for a heading.
it('every change that waits for a release says which packages it is of, and what it is', () => {
  const known = packages.map((name) => manifestOf(name).name);
  for (const path of filesBelow('.changeset').filter((file) => file.endsWith('.md'))) {
    const [, of = ''] = changeset.exec(read(path)) ?? [];
    const named = [...of.matchAll(/^"(.+)":/gm)].map(([, name = '']) => name);
    expect(named, path).not.toEqual([]);
    expect(known, path).toEqual(expect.arrayContaining(named));
  }
});
