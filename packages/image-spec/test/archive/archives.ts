/** Archives as others write them, and as nobody should. */
import { Header, type HeaderData } from 'tar';
import { digestOf } from '../../src/index.ts';

export interface Entry {
  readonly name: string;
  readonly content?: string | Uint8Array;
  readonly link?: string;
  readonly type?: NonNullable<HeaderData['type']>;
  /** Said in the header, instead of the length of the content. */
  readonly size?: number;
}

export function archiveOf(...entries: readonly Entry[]): Buffer {
  return Buffer.concat([...entries.map(entryOf), Buffer.alloc(1024)]);
}

export function entryOf({ name, content = '', link, type, size }: Entry): Buffer {
  const bytes = Buffer.from(content as string);
  const block = Buffer.alloc(512);
  const of = type ?? (link === undefined ? 'File' : 'SymbolicLink');
  new Header({ path: name, type: of, mode: 0o644, size: size ?? bytes.length, linkpath: link ?? '' }).encode(block);
  return Buffer.concat([block, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

const json = (document: unknown) => JSON.stringify(document);

/** Layers are any texts: nobody here looks into them. */
export const layers = ['lower layer', 'upper layer'];

/** With what only Docker's configs have, and in an order that nobody would write again. */
export function configOf(texts: readonly string[]): string {
  const rootfs = { type: 'layers', diff_ids: texts.map((text) => digestOf(text)) };
  return json({ docker_version: '20.10', os: 'linux', rootfs, container_config: { Cmd: null }, architecture: 'amd64' });
}

const hex = (text: string) => digestOf(text).slice(7);

/** As Docker wrote until version 24: folders of layers, what names them at the end, a layer once however often it is needed. */
export function legacyEntries(tag = 'demo:1'): Entry[] {
  const config = configOf([...layers, 'lower layer']);
  return [
    { name: `${hex('a')}/`, type: 'Directory' },
    { name: `${hex('a')}/VERSION`, content: '1.0' },
    { name: `${hex('a')}/json`, content: '{}' },
    { name: `${hex('a')}/layer.tar`, content: 'lower layer' },
    { name: `${hex('b')}/layer.tar`, content: 'upper layer' },
    { name: `${hex('c')}/layer.tar`, link: `../${hex('a')}/layer.tar` },
    { name: `${hex(config)}.json`, content: config },
    {
      name: 'manifest.json',
      content: json([
        {
          Config: `${hex(config)}.json`,
          RepoTags: [tag],
          Layers: ['a', 'b', 'c'].map((name) => `${hex(name)}/layer.tar`),
        },
      ]),
    },
    { name: 'repositories', content: json({ demo: { 1: hex('c') } }) },
  ];
}

/** As Docker writes since version 25: an image layout, and a `manifest.json` about the same blobs. */
export function modernEntries({ other }: { other?: string } = {}): Entry[] {
  const config = configOf(layers);
  const named = other ?? config;
  const blob = (content: string) => ({ name: `blobs/sha256/${hex(content)}`, content });
  const descriptor = (content: string, mediaType: string) => ({
    mediaType,
    digest: digestOf(content),
    size: content.length,
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: descriptor(config, 'application/vnd.oci.image.config.v1+json'),
    layers: layers.map((text) => descriptor(text, 'application/vnd.oci.image.layer.v1.tar')),
  });
  const annotations = {
    'io.containerd.image.name': 'docker.io/library/demo:1',
    'org.opencontainers.image.ref.name': '1',
  };
  const manifests = [{ ...descriptor(manifest, 'application/vnd.oci.image.manifest.v1+json'), annotations }];
  return [
    { name: 'blobs/', type: 'Directory' },
    { name: 'blobs/sha256/', type: 'Directory' },
    ...[...new Set([config, named, manifest, ...layers])].map(blob),
    { name: 'index.json', content: json({ schemaVersion: 2, manifests }) },
    {
      name: 'manifest.json',
      content: json([
        {
          Config: blob(named).name,
          RepoTags: ['demo:1'],
          Layers: layers.map((text) => blob(text).name),
          LayerSources: {},
        },
      ]),
    },
    { name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
  ];
}
