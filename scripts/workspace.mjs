// The project itself made ready: dependencies installed, packages built. Each leaves a stamp, so that a second run which
// finds nothing changed costs next to nothing.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { quietly } from './processes.mjs';

const stamps = 'node_modules/.estiba';

export async function installDependencies(root, toolchain) {
  const inputs = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', ...manifests(root)];
  const digest = digestOf(root, inputs, toolchain.node);
  const installed = () => existsSync(join(root, 'node_modules/.modules.yaml'));
  if (installed() && stampIs(root, 'install', digest)) return;
  console.error('estiba: installing dependencies');
  await quietly('pnpm install', toolchain.pnpm, ['install', '--frozen-lockfile'], {
    cwd: root,
    // CI: pnpm must not ask whether it may replace a node_modules that another of its versions made.
    env: { ...toolchain.env, CI: 'true' },
  });
  writeStamp(root, 'install', digest);
}

export async function build(root, toolchain) {
  const inputs = ['pnpm-lock.yaml', 'tsconfig.base.json', ...packageFiles(root)];
  const digest = digestOf(root, inputs, `${toolchain.node}\n${compilers(toolchain.env)}`);
  if (everythingBuilt(root) && stampIs(root, 'build', digest)) return;
  console.error('estiba: building the packages');
  await quietly('pnpm build', toolchain.pnpm, ['-r', 'build'], { cwd: root, env: { ...toolchain.env, CI: 'true' } });
  writeStamp(root, 'build', digest);
}

function packages(root) {
  return readdirSync(join(root, 'packages')).filter((name) => existsSync(join(root, 'packages', name, 'package.json')));
}

function manifests(root) {
  return [
    ...packages(root).map((name) => `packages/${name}/package.json`),
    'examples/package.json',
    'bench/package.json',
  ];
}

/** All that a build reads: everything in a package but what it makes and what tests it. */
function packageFiles(root) {
  return packages(root)
    .flatMap((name) => files(root, `packages/${name}`))
    .sort();
}

const skipped = new Set(['node_modules', 'dist', 'test', 'coverage', 'linux-x64', 'linux-arm64']);

function files(root, directory) {
  return readdirSync(join(root, directory), { withFileTypes: true }).flatMap((entry) => {
    if (skipped.has(entry.name)) return [];
    const path = `${directory}/${entry.name}`;
    return entry.isDirectory() ? files(root, path) : entry.isFile() ? [path] : [];
  });
}

/** The C compilers: a cross compiler that has come since is a reason to build again. */
function compilers(env) {
  const names = [env.CC, 'cc', 'x86_64-linux-gnu-gcc', 'aarch64-linux-gnu-gcc'].filter(Boolean);
  return names.map((name) => `${name}: ${spawnSync(name, ['--version'], { env, encoding: 'utf8' }).stdout}`).join('\n');
}

function everythingBuilt(root) {
  const native = `packages/syscalls/native/linux-${process.arch}`;
  const made = packages(root).flatMap((name) => [`packages/${name}/dist/index.js`, `packages/${name}/dist/index.d.ts`]);
  return [...made, `${native}/launcher`, `${native}/interpreter.so`].every((file) => existsSync(join(root, file)));
}

function digestOf(root, paths, salt) {
  const hash = createHash('sha256').update(salt);
  for (const path of paths) {
    const content = readFileSync(join(root, path));
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

function stampIs(root, name, digest) {
  const path = join(root, stamps, name);
  return existsSync(path) && readFileSync(path, 'utf8') === digest;
}

function writeStamp(root, name, digest) {
  const path = join(root, stamps, name);
  mkdirSync(join(root, stamps), { recursive: true });
  rmSync(path, { force: true });
  writeFileSync(path, digest);
}
