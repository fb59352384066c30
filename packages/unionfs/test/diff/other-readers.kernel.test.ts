/** What programs that are not ours make of our archives. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { guard, requires, type Scratch, scratch } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { compressLayer } from '../../src/compress/compress-layer.ts';
import { diffLayer } from '../../src/diff/diff-layer.ts';
import { packTree } from '../../src/diff/pack-tree.ts';
import { mountOverlay } from '../../src/mount-overlay.ts';
import { tree } from '../tree.ts';
import { everyKind } from './every-kind.ts';
import { makeTree } from './make-tree.ts';
import { visible } from './visible.ts';

guard();

requires({ on: ['host', 'uml'], root: true, command: 'tar' })('our archive in GNU tar', () => {
  it('is the same tree', async () => {
    using folder = scratch('readers');
    const options = ['--xattrs', '--xattrs-include=*', '--numeric-owner', '--delay-directory-restore'];
    const unpack = (archive: Buffer, directory: string) =>
      // It warns of times before 1970 and of names that are not UTF-8.
      execFileSync('tar', [...options, '-xpf', '-', '-C', directory], {
        input: archive,
        stdio: ['pipe', 'pipe', 'ignore'],
      });
    expect(await differences(folder, unpack)).toEqual([]);
  });
});

requires({ on: ['host', 'uml'], root: true, command: 'bsdtar' })('our archive in bsdtar', () => {
  it('is the same tree, but for what it does not read', async () => {
    using folder = scratch('readers');
    const unpack = (archive: Buffer, directory: string) =>
      execFileSync('bsdtar', ['--numeric-owner', '--xattrs', '-xpf', '-', '-C', directory], {
        input: archive,
        // It gives up on names that the language of the machine cannot spell.
        env: { ...process.env, LC_ALL: 'C.UTF-8' },
      });
    expect(await differences(folder, unpack)).toEqual([
      // The directory that it is told to unpack into keeps its time.
      '.',
      // Access lists that are written as the attributes that they are, which is what Go and GNU tar read.
      './dir/closed',
      './listed',
      // It adds the decimals of a time before 1970 instead of taking them away: -999999.5 becomes -999998.5.
      './old',
      // It has its own way of writing names of attributes with an equals sign, and does not know GNU tar's.
      './tagged',
    ]);
  });
});

requires({ on: ['host'], root: true, command: 'umoci' })('our archive in umoci', () => {
  it('is the same tree, but for what it does not read', async () => {
    using folder = scratch('readers');
    const unpack = async (archive: Buffer, directory: string) => {
      await writeImage(folder, archive);
      unpackImage(folder, directory);
    };
    expect(await differences(folder, unpack)).toEqual([
      // Go's reader takes an empty value for the absence of the attribute,
      './marked',
      // and leaves names of attributes as GNU tar writes them.
      './tagged',
    ]);
  });
});

requires({ on: ['host'], root: true, overlay: true, command: 'umoci' })('our changes in umoci', () => {
  it('are what the overlay showed', async () => {
    using folder = scratch('readers');
    makeTree(
      folder.join('below'),
      everyKind.filter(({ path }) => path !== 'marked' && path !== 'tagged'),
    );
    const paths = { lower: [folder.join('below')], upper: folder.join('upper'), work: folder.join('work') };
    const expected: string[] = [];
    {
      await using merged = await mountOverlay({ ...paths, target: folder.join('merged') });
      change(merged.path);
      expected.push(...visible(merged.path));
    }
    const layers = [packTree(folder.join('below')), diffLayer({ upper: paths.upper, lower: paths.lower })];
    await writeImage(folder, ...(await Promise.all(layers.map((layer) => buffer(layer)))));
    mkdirSync(folder.join('copy'));
    unpackImage(folder);
    expect(visible(folder.join('copy'))).toEqual(expected);
  });
});

function change(root: string): void {
  unlinkSync(`${root}/tool`);
  linkSync(`${root}/listed`, `${root}/also listed`);
  for (const name of ['dir', 'pipe']) rmSync(`${root}/${name}`, { recursive: true });
  makeTree(root, [
    { path: 'dir', type: 'directory', mode: 0o711 },
    { path: 'dir/new', type: 'file', content: 'new' },
    { path: 'pipe', type: 'directory' },
    { path: 'pipe/inside', type: 'fifo' },
    { path: 'fresh', type: 'file', size: 50_000, at: 20_000, content: 'sparse' },
  ]);
  rmSync(`${root}/empty`);
  symlinkSync('dir', `${root}/empty`);
  chmodSync(`${root}/large`, 0o600);
}

/** Names of what is not the same, of a tree with every kind of file. */
async function differences(folder: Scratch, unpack: (archive: Buffer, directory: string) => void): Promise<string[]> {
  makeTree(folder.join('source'), everyKind);
  mkdirSync(folder.join('copy'));
  await unpack(await buffer(packTree(folder.join('source'))), folder.join('copy'));
  const [source, copy] = [tree(folder.join('source')), tree(folder.join('copy'))];
  const only = [...source.filter((line) => !copy.includes(line)), ...copy.filter((line) => !source.includes(line))];
  return [...new Set(only.map((line) => line.replace(/ [0-7]{5,6} [0-9]+:[0-9]+ .*/s, '')))].sort();
}

function unpackImage(folder: Scratch, directory = folder.join('copy')): void {
  execFileSync('umoci', ['raw', 'unpack', '--image', `${folder.join('image')}:it`, directory], { stdio: 'pipe' });
}

/** In the OCI layout, the lowest layer first. */
async function writeImage(folder: Scratch, ...tars: Buffer[]): Promise<void> {
  mkdirSync(folder.join('image/blobs/sha256'), { recursive: true });
  const add = (mediaType: string, bytes: Buffer) => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(folder.join(`image/blobs/sha256/${hex}`), bytes);
    return { mediaType: `application/vnd.oci.image.${mediaType}`, digest: `sha256:${hex}`, size: bytes.length };
  };
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  const layers: unknown[] = [];
  const diffIds: string[] = [];
  for (const tar of tars) {
    const { blob, layer } = compressLayer(Readable.from([tar]));
    layers.push(add('layer.v1.tar+gzip', await buffer(blob)));
    diffIds.push((await layer).diffId);
  }
  const rootfs = { type: 'layers', diff_ids: diffIds };
  const config = add('config.v1+json', json({ architecture: 'amd64', os: 'linux', config: {}, rootfs }));
  const manifest = add('manifest.v1+json', json({ schemaVersion: 2, config, layers }));
  const annotations = { 'org.opencontainers.image.ref.name': 'it' };
  writeFileSync(folder.join('image/index.json'), json({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }));
  writeFileSync(folder.join('image/oci-layout'), json({ imageLayoutVersion: '1.0.0' }));
}
