import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shownName } from '../../packages/image-spec/src/compare/file-facts.ts';
import {
  annotate,
  appendLayers,
  compareImages,
  type FileFacts,
  ImageLayout,
  type ImageView,
  loadImage,
  MemoryStore,
  makeIndex,
  mediaTypes,
  openImage,
  rebase,
  save,
  setConfig,
} from '../../packages/image-spec/src/index.ts';
import { made as madeOf } from '../../packages/image-spec/test/made.ts';
import { base, chance, randomLayer } from '../../packages/image-spec/test/random-layers.ts';
import { archive } from '../../packages/testkit/src/archive.ts';
import { requires, type Scratch, scratch } from '../../packages/testkit/src/index.ts';
import { type MadeImage, makers } from './images/images.ts';
import { Peers } from './peers.ts';
import type { Facts, Tree } from './tree.ts';
import { applied, unpackedByUmoci } from './unpack.ts';

const command = ['skopeo', 'umoci', 'buildah', 'tar'];

requires({ on: ['host'], root: true, command })('images as values', () => {
  let folder: Scratch;
  let peers: Peers;
  const made = new Map<string, MadeImage>();

  beforeAll(() => {
    folder = scratch('interop');
    peers = new Peers(folder);
    for (const [at, [name, make]] of Object.entries(makers).entries()) {
      mkdirSync(folder.join(`image-${at}`));
      made.set(name, make(peers, folder.join(`image-${at}`)));
    }
  });

  afterAll(() => folder?.[Symbol.dispose]());

  const open = async (name: keyof typeof makers) => {
    const { layout, tag } = made.get(name) as MadeImage;
    return (await ImageLayout.open(layout, { fsync: false })).image(tag);
  };

  it.each(Object.keys(makers) as (keyof typeof makers)[])(
    'an image made %s has the files in memory that it has when it is unpacked',
    async (name) => {
      const image = await open(name);
      const unpacked = await applied(image, folder.join(`unpacked ${name}`));
      const listed = await filesOf(image);
      const expected = shownTree(unpacked);
      // buildah says nothing of the root, so it is as that of an image without layers.
      if (!listed.has('.')) expected.delete('.');
      expect([...listed.keys()].sort()).toEqual([...expected.keys()].sort());
      for (const [path, facts] of listed) expect({ path, ...facts }).toEqual({ path, ...expected.get(path) });
    },
  );

  it('layers made by chance make the same files in memory as on disk, or are refused by both', async () => {
    const cases = Number(process.env.ESTIBA_RANDOM_LAYERS ?? 60);
    const seed = Number(process.env.ESTIBA_FUZZ_SEED ?? 1);
    let same = 0;
    for (let at = 0; at < cases; at++) {
      const pick = chance(seed * 1_000_003 + at);
      const layers = Array.from({ length: 1 + pick(3) }, () => archive(...randomLayer(pick)));
      const image = (await madeOf([archive({ name: './', type: '5' }, ...base), ...layers])).image;
      const root = folder.join(`random-${at}`);
      const onDisk = await loadImage(image.source, await image.descriptor)
        .then((loaded) => applied(loaded, root))
        .catch((error: Error) => error);
      const inMemory = await filesOf(image).catch((error: Error) => error);
      const refused = [onDisk, inMemory].filter((each) => each instanceof Error);
      expect(refused.length, `case ${at} of seed ${seed}: ${refused.join()}`).not.toBe(1);
      if (onDisk instanceof Error || inMemory instanceof Error) continue;
      same += 1;
      expect(inMemory, `case ${at} of seed ${seed}`).toEqual(shownTree(onDisk));
      rmSync(root, { recursive: true });
    }
    expect(same).toBeGreaterThan(cases / 4);
  });

  describe('what is made of them', () => {
    const tar = (name: string, content: string) => {
      mkdirSync(folder.join(name));
      writeFileSync(folder.join(name, name), content);
      return execFileSync('tar', ['-C', folder.join(name), '--format=posix', '-cf', '-', '.']);
    };
    let into: ImageLayout;

    beforeAll(async () => {
      into = await ImageLayout.open(folder.join('made'), { fsync: false });
    });

    const seen = (name: string, ...options: string[]) =>
      JSON.parse(peers.inspect(`oci:${into.directory}:${name}`, ...options));

    it('is what skopeo and umoci take, layers of each compression on the layers of buildah', async () => {
      const base = await open('by buildah, on overlays');
      const plain = tar('plain', 'as it is');
      const grown = appendLayers(
        base,
        [
          { bytes: gzipSync(tar('packed', 'by gzip')), history: { created_by: 'packed' } },
          { stream: () => Readable.from([plain]), mediaType: mediaTypes.layer },
        ],
        { created: '2026-01-02T03:04:05Z' },
      );
      const image = annotate(setConfig(grown, { config: { Cmd: ['top'], Labels: { made: 'again' } } }), { a: '1' });
      const { digest } = await save(image, into, { name: 'grown' });
      const found = seen('grown');
      expect(found).toMatchObject({ Digest: digest, Labels: { made: 'again' }, Created: '2026-01-02T03:04:05Z' });
      expect(found.Layers).toHaveLength(base.manifest.layers.length + 2);
      expect(seen('grown', '--config').config.Cmd).toEqual(['top']);
      peers.copy(`oci:${into.directory}:grown`, `docker-archive:${folder.join('grown.tar')}:grown:1`);
      const tree = unpackedByUmoci(peers, { layout: into.directory, tag: 'grown' }, folder.join('bundle'));
      expect(tree.get('packed')?.size).toBe('7');
      expect(tree.get('plain')?.size).toBe('8');
    });

    it('is what skopeo takes with a layer of zstd', async () => {
      const image = appendLayers(await open('by umoci'), [{ bytes: zstdCompressSync(tar('small', 'by zstd')) }]);
      const { digest } = await save(image, into, { name: 'zstd' });
      peers.copy(`oci:${into.directory}:zstd`, `oci:${folder.join('copied')}:zstd`);
      const copied = await ImageLayout.open(folder.join('copied'), { fsync: false });
      expect((await copied.image('zstd')).descriptor.digest).toBe(digest);
    });

    it('is on another base what umoci unpacks of both', async () => {
      const [from, onto] = [await open('by umoci'), await open('by GNU tar')];
      const image = appendLayers(from, [{ bytes: tar('mine', 'mine') }]);
      await save(rebase(image, { from, onto }), into, { name: 'rebased' });
      const tree = unpackedByUmoci(peers, { layout: into.directory, tag: 'rebased' }, folder.join('rebased'));
      const base = unpackedByUmoci(peers, made.get('by GNU tar') as MadeImage, folder.join('base'));
      expect([...tree.keys()]).toEqual([...new Set([...base.keys(), 'mine'])].sort());
    });

    it('is an index of which skopeo copies all', async () => {
      const amd64 = await open('by buildah, on overlays');
      const arm64 = setConfig(amd64, { architecture: 'arm64', variant: 'v8' });
      const { digest } = await save(makeIndex([amd64, arm64], { a: '1' }), into, { name: 'index' });
      expect(seen('index', '--raw').manifests).toHaveLength(2);
      expect(seen('index', '--override-arch=arm64', '--config').architecture).toBe('arm64');
      peers.copy(`oci:${into.directory}:index`, `oci:${folder.join('copied')}:index`, '--all');
      const copied = await ImageLayout.open(folder.join('copied'), { fsync: false });
      expect(await copied.has(digest)).toBe(true);
    });

    it('is made of images of Docker, too', async () => {
      const { layout, tag } = made.get('by umoci') as MadeImage;
      peers.copy(`oci:${layout}:${tag}`, `dir:${folder.join('docker')}`, '--format', 'v2s2');
      const raw = peers.inspect(`dir:${folder.join('docker')}`, '--raw');
      const store = await ImageLayout.open(layout, { fsync: false });
      const memory = new MemoryStore();
      const document = JSON.parse(raw) as { config: { digest: string } };
      const config = memory.add(
        peers.inspect(`dir:${folder.join('docker')}`, '--config', '--raw'),
        mediaTypes.dockerConfig,
      );
      expect(config.digest).toBe(document.config.digest);
      const descriptor = memory.add(raw, mediaTypes.dockerManifest);
      const source = {
        blob: async (wanted: typeof descriptor) => ((await memory.has(wanted)) ? memory : store).blob(wanted),
      };
      const image = annotate(appendLayers(await openImage(source, descriptor), [{ bytes: tar('new', 'x') }]), {
        a: '1',
      });
      const { digest } = await save(image, into, { name: 'converted' });
      expect(seen('converted', '--raw')).toMatchObject({ mediaType: mediaTypes.manifest, annotations: { a: '1' } });
      expect(seen('converted').Digest).toBe(digest);
      unpackedByUmoci(peers, { layout: into.directory, tag: 'converted' }, folder.join('converted'));
    });
  });

  it('what umoci did between two images is told file by file', async () => {
    const { layout, tag } = made.get('by GNU tar') as MadeImage;
    const before = await open('by GNU tar');
    const bundle = folder.join('changed');
    peers.run(['umoci', 'unpack', '--image', `${layout}:${tag}`, bundle]);
    const script = 'cd "$1" && chmod 711 plain && rm -r names && printf other >plain/hello && ln -s plain/hello new';
    peers.run(['sh', '-c', script, 'sh', `${bundle}/rootfs`]);
    peers.run(['umoci', 'repack', '--image', `${layout}:changed`, bundle]);
    const after = await (await ImageLayout.open(layout, { fsync: false })).image('changed');
    const { layers, files } = await compareImages(before, after);
    expect(layers.map(({ kind }) => kind)).toEqual(['same', 'same', 'same', 'added']);
    const told: string[] = [];
    for await (const change of files()) {
      if (change.path.startsWith('names/')) expect(change.kind).toBe('removed');
      else told.push(`${change.kind} ${change.path}${'fields' in change ? `: ${change.fields}` : ''}`);
    }
    expect(told.filter((line) => !line.startsWith('changed hard/'))).toEqual([
      'removed names',
      'added new',
      'changed plain: mode',
      'changed plain/hello: digest',
    ]);
  });
});

async function emptyImage(): Promise<ImageView> {
  const store = new MemoryStore();
  const rootfs = { type: 'layers', diff_ids: [] };
  const config = store.addJson({ os: 'linux', architecture: 'amd64', rootfs }, mediaTypes.config);
  return openImage(store, store.addJson({ schemaVersion: 2, config, layers: [] }, mediaTypes.manifest));
}

/** All files of an image, as what was added to nothing. */
async function filesOf(image: ImageView): Promise<Map<string, FileFacts>> {
  const listed = new Map<string, FileFacts>();
  const { files } = await compareImages(await emptyImage(), image);
  for await (const change of files({ times: true })) if ('after' in change) listed.set(change.path, change.after);
  return listed;
}

const types: Readonly<Record<string, FileFacts['type']>> = {
  'symbolic link': 'symlink',
  FIFO: 'fifo',
  'character device': 'character',
  'block device': 'block',
};

function shownTree(tree: Tree): Map<string, FileFacts> {
  return new Map([...tree].map(([path, facts]) => [shownName(path), shownFacts(path, facts)]));
}

/** What was seen of an unpacked file, in the words of the comparison. */
function shownFacts(path: string, facts: Facts): FileFacts {
  const [uid, gid] = (facts.owner as string).split(':').map(Number);
  const xattrs = Object.entries(facts).flatMap(([name, value]) =>
    name.startsWith('xattr ') ? [[name.slice(6), value]] : [],
  );
  const first = facts.names?.split(' = ')[0];
  return {
    type: types[facts.type as string] ?? (facts.type as FileFacts['type']),
    mode: Number.parseInt(facts.mode as string, 8),
    uid: uid as number,
    gid: gid as number,
    mtime: facts.mtime as string,
    ...(facts.size !== undefined && { size: Number(facts.size), digest: `sha256:${facts.content}` }),
    ...(facts.link !== undefined && { link: shownName(facts.link) }),
    ...(facts.device !== undefined && { device: facts.device }),
    ...(xattrs.length > 0 && { xattrs: Object.fromEntries(xattrs) }),
    ...(first !== undefined && first !== path && { hardLink: shownName(first) }),
  };
}
