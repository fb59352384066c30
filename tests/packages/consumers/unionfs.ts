// Two layers on top of each other: the second changes a file and removes another.
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { applyLayer } from '@estiba/unionfs';

const folder = await mkdtemp(join(tmpdir(), `estiba-${process.pid}-consumer-`));
try {
  const tree = join(folder, 'tree');
  await mkdir(tree);
  await applyLayer(await layer('base', { kept: 'as it was', changed: 'before', removed: 'for a while' }), tree);
  const { diffId } = await applyLayer(await layer('top', { changed: 'after', '.wh.removed': '' }), tree);
  const files = await readdir(tree);
  console.log(JSON.stringify({ files: files.sort(), changed: await readFile(join(tree, 'changed'), 'utf8') }));
  console.log(/^sha256:[0-9a-f]{64}$/.test(diffId));
} finally {
  await rm(folder, { recursive: true });
}

async function layer(name: string, files: Record<string, string>): Promise<Readable> {
  await mkdir(join(folder, name));
  for (const [file, text] of Object.entries(files)) await writeFile(join(folder, name, file), text);
  return spawn('tar', ['-czf', '-', '-C', join(folder, name), '.'], { stdio: ['ignore', 'pipe', 'inherit'] }).stdout;
}
