/** What a container pays for a layer that is read where it lies: the same tree by EROFS and by ext4, both below an overlay. */
import { createReadStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeErofs } from '@estiba/unionfs';
import { debianTar } from '../../tests/interop/debian-root.ts';
import type { Bench } from '../bench.ts';
import { compileC } from '../native.ts';
import { pathOf } from '../programs.ts';

const names = ['erofs + overlay', 'ext4 + overlay'] as const;
const [ours, theirs] = names;

export async function reading(bench: Bench): Promise<void> {
  const folder = await mountBoth(bench);
  const reader = compileC('reader', folder);
  const each = (command: (tree: string) => string[]) =>
    names.map((name) => ({ name, run: () => bench.programs.run(command(join(folder, name))) }));
  await bench.compare({
    title: 'reading all files of Debian',
    note: 'each to its end, by one program; all of it is in the page cache',
    ours,
    contenders: each((tree) => [reader, tree]),
    rounds: 100,
    warmup: 4,
    promises: [{ by: theirs, atMost: 1.1 }],
  });
  await bench.compare({
    title: 'find -ls in Debian',
    note: 'names and attributes, no content',
    ours,
    contenders: each((tree) => [pathOf('find'), tree, '-ls']),
    rounds: 100,
    warmup: 4,
  });
}

/**
 * Where the programs have mounts of their own, with which these go. ext4 in a file: whatever file system the machine has, both
 * trees lie on the same, and are read from memory. On the disk where there is one.
 */
async function mountBoth(bench: Bench): Promise<string> {
  const folder = bench.folder('reading', bench.places.at(-1));
  const [fileSystem, disk] = [join(folder, 'ext4'), join(folder, 'disk')];
  await writeErofs(createReadStream(debianTar, { highWaterMark: 1 << 20 }), join(folder, 'image'));
  mkdirSync(disk);
  const main = join(import.meta.dirname, '../contenders/two-overlays-main.ts');
  for (const command of [
    [pathOf('truncate'), '--size=2G', fileSystem],
    // Nothing is written later, while it is measured.
    [pathOf('mkfs.ext4'), '-q', '-E', 'lazy_itable_init=0,lazy_journal_init=0,nodiscard', fileSystem],
    [pathOf('mount'), '-o', 'loop,noatime', fileSystem, disk],
    [pathOf('mkdir'), join(disk, 'tree')],
    [pathOf('tar'), '--numeric-owner', '--xattrs', '--xattrs-include=*', '-xpf', debianTar, '-C', join(disk, 'tree')],
    [process.execPath, ...process.execArgv, main, folder, disk],
    [pathOf('sync'), '-f', disk],
  ])
    await bench.programs.run(command);
  return folder;
}
