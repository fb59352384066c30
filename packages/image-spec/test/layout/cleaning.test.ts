import { spawnSync } from 'node:child_process';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cleanLayout } from '../../src/layout/cleaning.ts';
import { ownedName } from '../../src/layout/owner.ts';
import { ingestDirectory } from '../../src/layout/places.ts';
import { openLayout, scratch } from '../scratch.ts';

async function leave(layout: string, name: string): Promise<string> {
  const path = join(ingestDirectory(layout), name);
  await writeFile(path, 'half');
  return path;
}

test('what a process left that has ended is removed', async () => {
  await using folder = await scratch();
  await openLayout(folder.path);
  const { pid } = spawnSync(process.execPath, ['--version']);
  const mine = ownedName();
  await leave(folder.path, mine);
  await leave(folder.path, mine.replace(/^\d+/, String(pid)));
  await cleanLayout(folder.path);
  expect(await readdir(ingestDirectory(folder.path))).toEqual([mine]);
});

test('what cannot be judged is removed after a day', async () => {
  await using folder = await scratch();
  await openLayout(folder.path);
  const old = await leave(folder.path, 'unknown-old');
  await leave(folder.path, 'unknown-new');
  const yesterday = Date.now() / 1000 - 25 * 60 * 60;
  await utimes(old, yesterday, yesterday);
  await cleanLayout(folder.path);
  expect(await readdir(ingestDirectory(folder.path))).toEqual(['unknown-new']);
});

test('what a killed process left is gone after the next one opened the layout', async () => {
  await using folder = await scratch();
  await openLayout(folder.path);
  const source = new URL('../../src/index.ts', import.meta.url).href;
  const script = `
    const { ImageLayout } = await import(${JSON.stringify(source)});
    const layout = await ImageLayout.open(${JSON.stringify(folder.path)}, { fsync: false });
    const writer = await layout.writer();
    for (let i = 0; i < 30; i++) await writer.write(Buffer.alloc(100_000));
    process.kill(process.pid, 'SIGKILL');`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { timeout: 15_000 });
  expect(child.signal).toBe('SIGKILL');
  expect(await readdir(ingestDirectory(folder.path))).toHaveLength(1);
  await openLayout(folder.path);
  expect(await readdir(ingestDirectory(folder.path))).toEqual([]);
});

test('a folder that is none of ours stays, and does not keep the layout from being opened', async () => {
  await using folder = await scratch();
  await openLayout(folder.path);
  const path = join(ingestDirectory(folder.path), 'theirs');
  await mkdir(path);
  await utimes(path, 1, 1);
  await openLayout(folder.path);
  expect(await readdir(ingestDirectory(folder.path))).toEqual(['theirs']);
});
