// Pack every public package as it would be published, and let publint and attw judge the tarballs.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const out = mkdtempSync(join(tmpdir(), `estiba-${process.pid}-pack-`));
process.exitCode = 1;
try {
  for (const name of publicPackages()) pack(name);
  for (const tarball of readdirSync(out)) judge(join(out, tarball));
  console.log(`${readdirSync(out).length} packages: publint and attw find nothing wrong`);
  process.exitCode = 0;
} finally {
  rmSync(out, { recursive: true, force: true });
}

function publicPackages() {
  return readdirSync('packages').filter((name) => {
    const manifest = JSON.parse(readFileSync(`packages/${name}/package.json`, 'utf8'));
    return manifest.private !== true;
  });
}

// pnpm rather than npm: only it replaces `catalog:` and `workspace:` by versions.
function pack(name) {
  check(`pack ${name}`, 'pnpm', ['--dir', `packages/${name}`, 'pack', '--pack-destination', out]);
}

function judge(tarball) {
  check(`publint ${tarball}`, process.execPath, ['node_modules/publint/src/cli.js', tarball, '--strict']);
  check(`attw ${tarball}`, process.execPath, [
    'node_modules/@arethetypeswrong/cli/dist/index.js',
    tarball,
    '--profile',
    'esm-only',
  ]);
}

function check(what, command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (status === 0) return;
  console.error(`${what} failed${error ? `: ${error.message}` : ''}\n${stdout ?? ''}${stderr ?? ''}`);
  throw new Error(`${what} failed`);
}
