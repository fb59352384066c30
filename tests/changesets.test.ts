import { expect, it } from 'vitest';
import { filesBelow, manifestOf, packages, read } from './project-files.ts';

// https://github.com/changesets/changesets/blob/main/docs/adding-a-changeset.md; one that names nothing says so on purpose.
const changeset = /^---\n((?:"[^"\n]+": (?:none|patch|minor|major)\n)*)\n?---\n/;

// One file that is not as expected, and nothing can be released. Formatters take the front matter for a heading.
it('every change that waits for a release says which packages it is of, and what it is', () => {
  const released = packages.map(manifestOf).flatMap((manifest) => (manifest.private ? [] : [manifest.name]));
  for (const path of filesBelow('.changeset').filter((file) => /^\.changeset\/[a-z\d-]+\.md$/.test(file))) {
    expect(read(path), `${path} does not begin as 'pnpm changeset' writes it`).toMatch(changeset);
    const [, of = ''] = changeset.exec(read(path)) ?? [];
    const named = [...of.matchAll(/^"(.+)":/gm)].map(([, name]) => name);
    expect(released, path).toEqual(expect.arrayContaining(named));
    expect(new Set(named).size, `${path} names a package twice`).toBe(named.length);
  }
});
