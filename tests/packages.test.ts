import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requires, type Scratch, scratch } from '../packages/testkit/src/index.ts';
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

describe.skipIf(!built || process.platform !== 'linux')(`${title}, packed and installed elsewhere`, () => {
  let project: Scratch;
  const modules = () => readdirSync(project.join('node_modules/@estiba'));
  const files = (name: string) => readdirSync(project.join('node_modules/@estiba', name), { recursive: true });

  beforeAll(() => {
    project = scratch('packed');
    installPacked(project);
  });

  afterAll(() => project[Symbol.dispose]());

  it('every package brings its README and the licence, and no tests', () => {
    expect(modules().sort()).toEqual([...publicPackages].sort());
    for (const name of modules()) {
      expect(files(name), name).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'dist/index.js']));
      expect(files(name).filter((path) => /(^|\/)(test|node_modules)(\/|$)|\.test\./.test(String(path)))).toEqual([]);
    }
  });

  it('a program is launched', () => {
    writeFileSync(
      project.join('launch.ts'),
      `import { execve, launch } from '@estiba/syscalls';
       await using child: AsyncDisposable & { wait(): Promise<unknown> } = await launch(
         [execve('/bin/sh', ['sh', '-c', 'echo launched; exit 3'])], { stdio: ['ignore', 'inherit', 'inherit'] });
       console.log(JSON.stringify(await child.wait()));`,
    );
    expect(node(project, 'launch.ts')).toEqual({
      stdout: 'launched\n{"exitCode":3,"signal":null}\n',
      stderr: '',
      status: 0,
    });
  });

  requires({ root: true })('as root', () => {
    it('an example runs as its reader would run it', () => {
      copyFileSync(join(root, 'examples/09-explain-container.ts'), project.join('example.ts'));
      const { stdout, stderr, status } = node(project, 'example.ts');
      expect(stderr).toBe('');
      expect(stdout).toMatch(/execve\("\/bin\/sh"/);
      expect(status).toBe(0);
    });
  });

  requires({ command: 'aarch64-linux-gnu-gcc' })('where it can be compiled for arm64', () => {
    it.each(['x64', 'arm64'])('the launcher for %s comes along', (arch) => {
      const { mode, size } = statSync(project.join(`node_modules/@estiba/syscalls/native/linux-${arch}/launcher`));
      expect(mode & 0o111).toBe(0o111);
      expect(size).toBeGreaterThan(1_000);
    });
  });
});

/** What npm would make of the tarballs, without its network: the packages of others come from the workspace. */
function installPacked(project: Scratch): void {
  const filters = publicPackages.map((name) => `--filter=@estiba/${name}`);
  execute('pnpm', ['-r', ...filters, 'pack', '--pack-destination', project.path]);
  const modules = project.join('node_modules');
  for (const file of readdirSync(project.path).filter((name) => name.endsWith('.tgz'))) {
    const target = join(modules, '@estiba', file.replace(/^estiba-(.+)-\d+\.\d+\.\d+.*$/, '$1'));
    mkdirSync(target, { recursive: true });
    execute('tar', ['-xzf', project.join(file), '-C', target, '--strip-components=1']);
  }
  symlinkSync(join(root, 'packages/syscalls/node_modules/ffi-rs'), join(modules, 'ffi-rs'));
  symlinkSync(join(root, 'packages/image-spec/node_modules/zod'), join(modules, 'zod'));
  writeFileSync(project.join('package.json'), '{ "type": "module" }');
}

function node(project: Scratch, file: string) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [file], {
    cwd: project.path,
    env: { PATH: process.env.PATH },
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { stdout, stderr, status };
}

function execute(command: string, args: string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { cwd: root, encoding: 'utf8', timeout: 20_000 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`);
}

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
