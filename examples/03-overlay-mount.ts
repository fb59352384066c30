// One tree out of two: what you write lands in `changes`, the base stays as it was.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mountOverlay } from '@estiba/unionfs';

const scratch = await mkdtemp(join(tmpdir(), 'estiba-overlay-'));
{
  await using merged = await mountOverlay({
    lower: ['/etc'],
    upper: join(scratch, 'changes'),
    work: join(scratch, 'work'),
    target: join(scratch, 'merged'),
  });

  await writeFile(join(merged.path, 'motd'), 'hello from the upper layer\n');
  console.log(`the base is untouched; changed: ${await readdir(join(scratch, 'changes'))}`);
}
await rm(scratch, { recursive: true });
