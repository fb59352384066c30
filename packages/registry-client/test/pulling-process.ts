// A process that pulls the image of its second argument into the layout of its first, as long as it lives.
import { ImageLayout } from '@estiba/image-spec';
import { RegistryClient } from '../src/client.ts';

const [, , directory = '', name = ''] = process.argv;
using client = new RegistryClient({ retryDelay: 1 });
await client.pull(name, { into: await ImageLayout.open(directory, { fsync: false }), tag: 'pulled' });
