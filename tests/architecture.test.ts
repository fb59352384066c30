import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesBelow, importsOf, manifestOf, packages, read, withoutComments } from './project-files.ts';

/** Who may depend on whom; docs/architecture.md draws it, and a new arrow needs a paragraph in docs/decisions.md. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  cli: ['engine'],
  engine: ['builder', 'network', 'runtime', 'registry-client', 'unionfs', 'image-spec'],
  builder: ['runtime', 'registry-client', 'unionfs', 'image-spec'],
  runtime: ['namespaces', 'cgroups', 'unionfs', 'privileges', 'image-spec', 'syscalls'],
  network: ['namespaces', 'syscalls'],
  namespaces: ['syscalls'],
  cgroups: ['syscalls'],
  unionfs: ['syscalls'],
  privileges: ['syscalls'],
  'registry-client': ['image-spec'],
  registry: ['image-spec'],
  'image-spec': [],
  syscalls: [],
  testkit: [],
};

/** Packages of others that ours may need at run time. The doorway to the kernel is in one place. */
const foreign: Readonly<Record<string, readonly string[]>> = {
  syscalls: ['ffi-rs'],
  'image-spec': ['tar', 'zod'],
  runtime: ['zod'],
  unionfs: ['tar', 'zod'],
  builder: ['tar'],
  engine: ['zod', 'tar'],
  testkit: ['vitest'],
};

describe.each(packages)('%s', (name) => {
  const manifest = manifestOf(name);
  const sources = filesBelow(`packages/${name}`).filter(
    (path) => path.startsWith(`packages/${name}/src/`) && path.endsWith('.ts'),
  );
  const tests = filesBelow(`packages/${name}`).filter(
    (path) => path.startsWith(`packages/${name}/test/`) && path.endsWith('.ts'),
  );
  const allowed = [...(arrows[name] ?? []).map((other) => `@estiba/${other}`), ...(foreign[name] ?? [])];

  it('is a package with a place in the architecture', () => {
    expect(Object.keys(arrows)).toContain(name);
    expect(manifest.name).toBe(`@estiba/${name}`);
  });

  it('depends only on packages below it', () => {
    expect(allowed).toEqual(expect.arrayContaining(Object.keys(manifest.dependencies ?? {})));
  });

  it('imports in its sources only what it declares and may depend on', () => {
    const declared = Object.keys(manifest.dependencies ?? {}).filter((other) => allowed.includes(other));
    expect(foreignImports(sources).filter(({ from }) => !declared.includes(packageOf(from)))).toEqual([]);
  });

  it('imports in its tests only what it declares', () => {
    const declared = [
      ...Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }),
      manifest.name,
      'vitest',
    ];
    expect(foreignImports(tests).filter(({ from }) => !declared.includes(packageOf(from)))).toEqual([]);
  });

  it('reaches its own files by relative paths, and no others', () => {
    const reached = [...sources, ...tests].flatMap((path) =>
      relativeImports(path).map((from) => ({ path, from, target: join(dirname(path), from) })),
    );
    expect(reached.filter(({ target }) => !target.startsWith(`packages/${name}/`))).toEqual([]);
    expect(reached.filter(({ path, target }) => path.includes('/src/') && !target.includes('/src/'))).toEqual([]);
  });

  it('has an index that lists its public names and does nothing else', () => {
    const statements = withoutComments(read(`packages/${name}/src/index.ts`))
      .split(';')
      .map((text) => text.trim());
    const other = statements.filter((text) => text !== '' && !/^export (type )?\{[^}]+\} from '[^']+'$/.test(text));
    expect(other).toEqual([]);
    expect(statements.length).toBeGreaterThan(1);
  });

  it('has no default exports', () => {
    expect(sources.filter((path) => /^export default\b|\bas default\b/m.test(withoutComments(read(path))))).toEqual([]);
  });

  it('has files named by the noun they hold', () => {
    const drawers = /^(utils?|helpers?|common|misc|shared)([.-]|$)/;
    const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.kernel)?(\.test|\.bench)?\.ts$/;
    const names = [...sources, ...tests].map((path) => basename(path));
    expect(names.filter((file) => (drawers.test(file) && !isController(name, file)) || !kebab.test(file))).toEqual([]);
  });

  it('tells its reader what it is, and under which terms and on which Node it may be used', () => {
    expect(manifest.license).toBe('Apache-2.0');
    expect(manifest.engines).toEqual({ node: '>=22.18' });
    expect(filesBelow(`packages/${name}`)).toContain(`packages/${name}/README.md`);
  });
});

it('the packages form no circle, not even through their tests', () => {
  const needs = (name: string) => {
    const { dependencies, devDependencies } = manifestOf(name);
    return Object.keys({ ...dependencies, ...devDependencies })
      .filter((other) => other.startsWith('@estiba/'))
      .map(bare);
  };
  const remaining = new Map(packages.map((name) => [name, needs(name)]));
  for (let size = -1; size !== remaining.size; ) {
    size = remaining.size;
    for (const [name, others] of remaining) if (!others.some((other) => remaining.has(other))) remaining.delete(name);
  }
  expect([...remaining.keys()]).toEqual([]);
});

it('only the doorway loads ffi-rs', () => {
  const files = filesBelow('packages').filter((path) => path.endsWith('.ts') && !path.startsWith('packages/syscalls/'));
  expect(files.filter((path) => /['"]ffi-rs['"]/.test(read(path)))).toEqual([]);
});

it('the project stands alone: no file names a place outside of it', () => {
  const outside = new RegExp(
    [`(^|[\\s'"\`(=])/${'work'}/`, `${'shared'}/(notes|sketch|prototypes|tools|seeds|hooks|design|style)\\b`].join('|'),
    'm',
  );
  const text = filesBelow().filter(
    (path) => /\.(ts|mjs|js|json|md|ya?ml|c|h|sh)$|(^|\/)run$/.test(path) && path !== 'pnpm-lock.yaml',
  );
  expect(text.length).toBeGreaterThan(50);
  expect(text.filter((path) => outside.test(read(path)))).toEqual([]);
});

/** The kernel's own word for a controller. https://docs.kernel.org/admin-guide/cgroup-v2.html#misc */
function isController(name: string, file: string): boolean {
  return name === 'cgroups' && file.startsWith('misc.');
}

/** Imports that are neither relative nor built into Node. */
function foreignImports(files: string[]): { path: string; from: string }[] {
  return files.flatMap((path) =>
    importsOf(path)
      .filter((from) => !from.startsWith('.') && !from.startsWith('node:'))
      .map((from) => ({ path, from })),
  );
}

function relativeImports(path: string): string[] {
  return importsOf(path).filter((from) => from.startsWith('.'));
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function bare(name: string): string {
  return name.replace('@estiba/', '');
}
