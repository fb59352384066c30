import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { requires, type Scratch, scratch } from '../../packages/testkit/src/index.ts';
import { filesBelow, type Manifest, manifestOf, root } from '../project-files.ts';
import { execute } from './execute.ts';

type Versioned = Manifest & { version: string };

const names = Object.keys(inject('places').tarballs);

requires({ command: 'git' })('a release, made in a copy of the project', () => {
  let copy: Scratch;
  const manifest = (name: string) => JSON.parse(read(`packages/${name}/package.json`)) as Versioned;
  const read = (path: string) => readFileSync(copy.join(path), 'utf8');
  const changeset = (command: string) =>
    run(process.execPath, [join(root, 'node_modules/@changesets/cli/bin.js'), command]);
  const run = (file: string, args: string[]) =>
    execute(file, args, {
      cwd: copy.path,
      env: { PATH: process.env.PATH, HOME: copy.join('node_modules'), ...author },
    });

  beforeAll(async () => {
    copy = scratch('release');
    copyProject(copy);
    await run('git', ['init', '--quiet', '--initial-branch=main']);
    await commit('as it is');
  });
  afterAll(() => copy[Symbol.dispose]());

  it('a package that changes without a word for those who upgrade is not overlooked', async () => {
    await run('git', ['switch', '--quiet', '--create', 'work']);
    await run('git', ['rm', '--quiet', '--ignore-unmatch', '.changeset/*.md']);
    writeFileSync(copy.join('packages/unionfs/src/index.ts'), 'export {};');
    await commit('changed');
    const { status, stdout, stderr } = await changeset('status');
    expect(stdout + stderr).toContain('no changesets were found');
    expect(status).toBe(1);
    await run('git', ['switch', '--quiet', 'main']);
  });

  it('the changes waiting for it can be listed', async () => {
    describeChange();
    const { status, stdout } = await changeset('status');
    expect(stdout).toMatch(/^- minor\n( {2}- .*\n)* {2}- @estiba\/syscalls$/m);
    expect(status).toBe(0);
  });

  it('what changed, and all that needs it, gets a new version and says why', async () => {
    describeChange();
    expect(await changeset('version')).toMatchObject({ status: 0 });
    expect(readdirSync(copy.join('.changeset')).filter((file) => file.endsWith('.md'))).toEqual([]);
    expect(read('packages/syscalls/CHANGELOG.md')).toContain('Learns a new call.');
    const needing = names.filter((name) => manifest(name).dependencies?.['@estiba/syscalls'] !== undefined);
    expect(needing.length).toBeGreaterThan(3);
    for (const name of needing) {
      const { version } = manifest(name);
      expect(version, name).not.toBe((manifestOf(name) as Versioned).version);
      expect(read(`packages/${name}/CHANGELOG.md`)).toContain(`\n## ${version}\n`);
      expect(read(`packages/${name}/CHANGELOG.md`)).toContain(`@estiba/syscalls@${manifest('syscalls').version}`);
    }
  });

  it.each(names)('%s then asks for the new versions of the others', async (name) => {
    const out = copy.join('out');
    const packed = await run('pnpm', ['--dir', `packages/${name}`, 'pack', '--pack-destination', out]);
    expect(packed.status, packed.stderr).toBe(0);
    const tarball = join(out, `estiba-${name}-${manifest(name).version}.tgz`);
    const { stdout } = await run('tar', ['-xzOf', tarball, 'package/package.json']);
    const { version, dependencies = {} } = JSON.parse(stdout) as Versioned;
    expect(version).toBe(manifest(name).version);
    expect(dependencies).toEqual(
      Object.fromEntries(
        Object.keys(dependencies).map((other) => [
          other,
          other.startsWith('@estiba/')
            ? `^${manifest(other.replace('@estiba/', '')).version}`
            : expect.stringMatching(/^\d/),
        ]),
      ),
    );
  });

  async function commit(message: string): Promise<void> {
    await run('git', ['add', '--all']);
    expect(await run('git', ['commit', '--quiet', '--message', message])).toMatchObject({ status: 0 });
  }

  /** Beside those that wait already: of those there may be none. */
  function describeChange(): void {
    writeFileSync(copy.join('.changeset/new-call.md'), `---\n"@estiba/syscalls": minor\n---\n\nLearns a new call.\n`);
  }
});

const author = {
  GIT_AUTHOR_NAME: 'nobody',
  GIT_AUTHOR_EMAIL: 'nobody@localhost',
  GIT_COMMITTER_NAME: 'nobody',
  GIT_COMMITTER_EMAIL: 'nobody@localhost',
  // Hooks and signing keys of whoever runs this are none of its business.
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
};

/** What people wrote of it; and so much of an installation that the tools find what they ask for, in the copy. */
function copyProject(copy: Scratch): void {
  for (const path of filesBelow()) {
    mkdirSync(copy.join(dirname(path)), { recursive: true });
    copyFileSync(join(root, path), copy.join(path));
  }
  mkdirSync(copy.join('node_modules'));
  symlinkSync(join(root, 'node_modules/@changesets'), copy.join('node_modules/@changesets'));
  for (const name of names) {
    const modules = copy.join('packages', name, 'node_modules');
    mkdirSync(join(modules, '@estiba'), { recursive: true });
    for (const other of names) symlinkSync(copy.join('packages', other), join(modules, '@estiba', other));
  }
}
