import { type Descriptor, hostPlatform, ImageLayout, mediaTypes } from '@estiba/image-spec';
import { type LayerEntry, layerTar } from './layer-tar.ts';
import { machineFiles } from './machine-files.ts';

const commands = ['sh', 'cat', 'echo', 'env', 'head', 'id', 'ls', 'sleep', 'sort', 'tail', 'tr', 'true', 'uname', 'wc'];

/** A small real image: what these commands need below, the commands on top. The same machine makes the same bytes. */
export async function makeImage(
  directory: string,
  signal: AbortSignal,
): Promise<{ layout: ImageLayout; descriptor: Descriptor }> {
  const layout = await ImageLayout.open(directory, { fsync: false });
  const { libraries, programs } = machineFiles(commands);
  const { os, architecture } = hostPlatform();
  const layers = [
    await writeLayer(layout, [...folders, ...libraries], signal),
    await writeLayer(layout, programs, signal),
  ];
  const config = await writeDocument(layout, mediaTypes.config, {
    os,
    architecture,
    config: { Env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: ['sh'], WorkingDir: '/' },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config,
    layers: layers.map(({ descriptor }) => descriptor),
  };
  return { layout, descriptor: await writeDocument(layout, mediaTypes.manifest, manifest) };
}

const folders: readonly LayerEntry[] = [
  ...['dev', 'etc', 'proc', 'root', 'run', 'sys', 'usr', 'var'].map((path) => ({ path, type: 'Directory' as const })),
  { path: 'tmp', type: 'Directory', mode: 0o1777 },
];

async function writeLayer(layout: ImageLayout, entries: readonly LayerEntry[], signal: AbortSignal) {
  const { compressed, diffId } = await layerTar(entries);
  const descriptor = await layout.write(compressed, { mediaType: mediaTypes.layerGzip, signal });
  return { descriptor, diffId };
}

function writeDocument(layout: ImageLayout, mediaType: string, document: object): Promise<Descriptor> {
  return layout.write(Buffer.from(JSON.stringify(document)), { mediaType });
}
