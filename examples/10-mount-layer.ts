// A layer mounted without unpacking it, where the kernel can; and what is written on top of it, as a layer again.
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { compressLayer, SnapshotStore } from '@estiba/unionfs';

const [file = 'layer.tar.gz', result = 'changes.tar.gz'] = process.argv.slice(2);
const scratch = await mkdtemp(join(tmpdir(), 'estiba-layers-'));
const store = await SnapshotStore.open(join(scratch, 'store'), { durable: false });
console.log(`stored as ${store.backend.name}: ${store.backend.reason}`);

await store.commit('example:base', createReadStream(file));
{
  await using changes = await store.prepare('changes', { parent: 'example:base' });
  {
    await using merged = await changes.mount(join(scratch, 'merged'));
    await writeFile(join(merged.path, 'hello'), 'from the layer on top\n');
  }
  const { blob, layer } = compressLayer(changes.diff());
  await pipeline(blob, createWriteStream(result));
  console.log(await layer);
}
await store.prune({ keep: [] });
await rm(scratch, { recursive: true });
