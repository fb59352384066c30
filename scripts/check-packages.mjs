// Pack every public package as it would be published, and let publint and attw judge the tarballs.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute, pack } from './tarballs.mjs';

const out = mkdtempSync(join(tmpdir(), `estiba-${process.pid}-pack-`));
process.exitCode = 1;
try {
  const tarballs = Object.values(pack('.', out));
  for (const tarball of tarballs) judge(tarball);
  console.log(`${tarballs.length} packages: publint and attw find nothing wrong`);
  process.exitCode = 0;
} finally {
  rmSync(out, { recursive: true, force: true });
}

function judge(tarball) {
  execute(`publint ${tarball}`, process.execPath, ['node_modules/publint/src/cli.js', tarball, '--strict']);
  const attw = 'node_modules/@arethetypeswrong/cli/dist/index.js';
  execute(`attw ${tarball}`, process.execPath, [attw, tarball, '--profile', 'esm-only']);
}
