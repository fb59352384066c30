// A process that moves one large blob, and says by how much its memory outside of the heap grew at most.
// Arguments: `push` and a layout, or `copy` and a name; the target; the descriptor of the manifest.
import { ImageLayout } from '@estiba/image-spec';
import { RegistryClient } from '../src/client.ts';

const [, , what = '', from = '', to = '', root = ''] = process.argv;
using client = new RegistryClient();
const before = process.memoryUsage().arrayBuffers;
let most = Number.NEGATIVE_INFINITY;
const onProgress = () => {
  most = Math.max(most, process.memoryUsage().arrayBuffers - before);
};
if (what === 'copy') await client.copy(from, to, { onProgress });
else await client.push(JSON.parse(root), to, { from: await ImageLayout.open(from), onProgress });
console.log(most);
