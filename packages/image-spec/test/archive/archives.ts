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
  const own = modernImage({ tags: ['demo:1'] });
  return modernArchive([own], other === undefined ? [own] : [{ ...own, config: other }]);
}

export interface ModernImage {
  readonly config: string;
  readonly layers: readonly string[];
  readonly manifest: string;
  /** `demo:1` */
  readonly tags: readonly string[];
}

export function modernImage({
  texts = layers,
  tags = [] as readonly string[],
  config = configOf(texts),
} = {}): ModernImage {
  const manifest = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: descriptorOf(config, 'application/vnd.oci.image.config.v1+json'),
    layers: texts.map((text) => descriptorOf(text, 'application/vnd.oci.image.layer.v1.tar')),
  });
  return { config, layers: texts, manifest, tags };
}

/** `listed` are in `index.json`, `told` in `manifest.json`. */
export function modernArchive(listed: readonly ModernImage[], told: readonly ModernImage[]): Entry[] {
  const contents = [...listed, ...told].flatMap((image) => [image.config, image.manifest, ...image.layers]);
  const manifests = listed.flatMap(({ manifest, tags }) => {
    const descriptor = descriptorOf(manifest, 'application/vnd.oci.image.manifest.v1+json');
    return tags.length === 0 ? [descriptor] : tags.map((tag) => ({ ...descriptor, annotations: namesOf(tag) }));
  });
  const images = told.map((image) => ({
    Config: blobOf(image.config).name,
    RepoTags: image.tags,
    Layers: image.layers.map((text) => blobOf(text).name),
    LayerSources: {},
  }));
  return [
    { name: 'blobs/', type: 'Directory' },
    { name: 'blobs/sha256/', type: 'Directory' },
    ...[...new Set(contents)].map(blobOf),
    { name: 'index.json', content: json({ schemaVersion: 2, manifests }) },
    { name: 'manifest.json', content: json(images) },
    { name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
  ];
}

export function descriptorOf(content: string, mediaType: string) {
  return { mediaType, digest: digestOf(content), size: content.length };
}

export function blobOf(content: string): { name: string; content: string } {
  return { name: `blobs/sha256/${hex(content)}`, content };
}

function namesOf(tag: string) {
  return {
    'io.containerd.image.name': `docker.io/library/${tag}`,
    'org.opencontainers.image.ref.name': tag.split(':')[1] ?? 'latest',
  };
}

/** The same archive with a member of another content. */
export function changed(entries: readonly Entry[], name: string, change: (text: string) => string): Entry[] {
  return entries.map((entry) => (entry.name === name ? { ...entry, content: change(String(entry.content)) } : entry));
}
