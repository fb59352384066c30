// The public packages as they would be published.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Folder names below packages/ of what is published. */
export function publicPackages(root) {
  return readdirSync(join(root, 'packages')).filter((name) => manifestOf(root, name).private !== true);
}

/** Packs every public package into this folder. By name of its folder, the path of each tarball. */
export function pack(root, out) {
  // pnpm rather than npm: only it replaces `catalog:` and `workspace:` by versions.
  return Object.fromEntries(
    publicPackages(root).map((name) => {
      execute(`pack ${name}`, 'pnpm', ['--dir', join(root, 'packages', name), 'pack', '--pack-destination', out]);
      return [name, join(out, `estiba-${name}-${manifestOf(root, name).version}.tgz`)];
    }),
  );
}

/** Runs a command whose output matters only when it fails; that is an error then. */
export function execute(what, command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  });
  if (status !== 0)
    throw new Error(`${what} failed${error ? `: ${error.message}` : ''}\n${stdout ?? ''}${stderr ?? ''}`);
}

function manifestOf(root, name) {
  return JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'));
}
