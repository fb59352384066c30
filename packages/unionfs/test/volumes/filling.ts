/** Fills a volume from a directory, as a process of its own that may be killed. Arguments: store, volume, directory. */
import { VolumeStore } from '../../src/volumes/volume-store.ts';

const [store = '', name = '', from = ''] = process.argv.slice(2);
const volume = await (await VolumeStore.open(store, { durable: false })).volume(name);
process.stdout.write('ready\n');
process.stdout.write(`${await volume.populate(from)}\n`);
