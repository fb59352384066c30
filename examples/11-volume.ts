// A volume whose first content is what an image holds there, as Docker does it; what is written to it stays.
import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mountBind, VolumeStore } from '@estiba/unionfs';

const [root = '/', path = '/etc/default'] = process.argv.slice(2);
const scratch = await mkdtemp(join(tmpdir(), 'estiba-volume-'));
const store = await VolumeStore.open(join(scratch, 'store'));

const volume = await store.create('settings', { labels: { example: '11' } });
for (const time of ['first', 'second']) {
  const copied = await volume.populate(path, { root });
  await using mounted = await mountBind(volume.path, join(scratch, 'mounted'), { attributes: ['nosuid', 'nodev'] });
  await appendFile(join(mounted.path, 'notes'), `the ${time} container was here\n`);
  console.log(
    `${time}: copied: ${copied}; ${(await readdir(mounted.path)).length} names, ${(await volume.usage()).bytes} bytes`,
  );
}
await store.remove('settings');
await rm(scratch, { recursive: true });
