// The Node and the pnpm that the project is developed with, fetched once as npm packages. They lie where every user may
// execute them, because tests and examples also run as ordinary users and inside user namespaces.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { quietly } from './processes.mjs';

const versions = { node: '24.21.0', pnpm: '12.21.0' };

/** Where `node` and `pnpm` are, and the environment in which they come first. */
export async function prepareToolchain() {
  // Others must be able to read what is made from here on.
  process.umask(0o022);
  const directory = join(cacheDirectory(), `toolchain-node${versions.node}-pnpm${versions.pnpm}-${process.arch}`);
  mkdirSync(dirname(directory), { recursive: true });
  removeAbandoned(directory);
  if (!existsSync(directory)) await fetchToolchain(directory);
  const bin = join(directory, 'node_modules/.bin');
  const node = join(directory, `node_modules/node-linux-${process.arch}/bin/node`);
  return { node, pnpm: join(bin, 'pnpm'), env: environment(bin, node) };
}

function cacheDirectory() {
  if (process.env.ESTIBA_CACHE) return process.env.ESTIBA_CACHE;
  if (process.geteuid() === 0) return '/var/cache/estiba';
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'estiba');
}

/** Installs beside the final place and renames: a toolchain is whole or absent, also when two runs start at once. */
async function fetchToolchain(directory) {
  console.error(`estiba: fetching Node ${versions.node} and pnpm ${versions.pnpm} into ${directory}`);
  const temporary = mkdtempSync(`${directory}.tmp-`);
  try {
    const packages = [`node-linux-${process.arch}@${versions.node}`, `pnpm@${versions.pnpm}`];
    const options = [
      '--no-save',
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
      '--fetch-retry-mintimeout=1000',
      '--prefix',
      temporary,
    ];
    await quietly('npm install of the toolchain', 'npm', ['install', ...options, ...packages], {
      cwd: temporary,
      env: process.env,
    });
    // mkdtemp makes folders of mode 0700.
    chmodSync(temporary, 0o755);
    publish(temporary, directory);
  } finally {
    rmSync(temporary, { recursive: true, force: true, maxRetries: 10 });
  }
}

function publish(temporary, directory) {
  try {
    renameSync(temporary, directory);
  } catch (error) {
    // Another run was faster; what it made is as good as ours.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  }
}

/** What a run that was killed has left, an hour ago or more: nobody can be working on it any longer. */
function removeAbandoned(directory) {
  for (const name of readdirSync(dirname(directory))) {
    if (!name.startsWith(`${basename(directory)}.tmp-`)) continue;
    const path = join(dirname(directory), name);
    const modified = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - modified > 3_600_000) rmSync(path, { recursive: true, force: true });
  }
}

function environment(bin, node) {
  const env = { ...process.env, ESTIBA_NODE: node, PATH: `${bin}${delimiter}${process.env.PATH ?? '/usr/bin:/bin'}` };
  // Set by `npm run` for npm itself; pnpm would take them for its own settings.
  for (const name of [
    'npm_config_prefix',
    'npm_config_local_prefix',
    'npm_config_global_prefix',
    'npm_config_user_agent',
  ]) {
    delete env[name];
  }
  return env;
}
