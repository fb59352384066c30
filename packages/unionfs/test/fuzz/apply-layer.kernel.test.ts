/** Layers that chance has changed, unpacked beside a canary that must not change. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { guard, requires, type Scratch } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { writeErofs } from '../../src/erofs/write-erofs.ts';
import { applyLayer } from '../../src/layer/apply-layer.ts';
import { TarReader } from '../../src/tar/tar-reader.ts';
import { UnionfsError } from '../../src/unionfs-error.ts';
import { bothForms } from '../erofs/both-forms.ts';
import { scratchOfLayers } from '../scratch-of-layers.ts';
import { tree } from '../tree.ts';
import { corpus } from './corpus.ts';
import { damaged, mutated } from './mutations.ts';
import { cases, patience } from './random.ts';
import { restyled } from './restyling.ts';

guard();

/** Milliseconds for what takes a few. */
const limit = 10_000;
const limits = { maxBytes: 64 * 2 ** 20, maxEntries: 5000 };

requires({ on: ['host', 'uml'] })('a layer changed by chance', () => {
  it('is refused or unpacked, changes nothing outside, and is the same to both backends', {
    timeout: patience,
  }, async () => {
    using folder = scratchOfLayers('fuzz');
    const bases = await corpus();
    const surroundings = surround(folder);
    const outcomes = { refused: 0, unpacked: 0 };
    for (const { name, random } of cases(150)) {
      const bytes = mutated(random.pick(bases), random);
      const whiteouts = random.pick(['delete', 'overlay'] as const);
      const root = folder.join('root');
      if (whiteouts === 'delete') cpSync(folder.join('below'), root, { recursive: true, verbatimSymlinks: true });
      else mkdirSync(root);
      const lower = [folder.join('below')];
      const options = { ...limits, whiteouts, ...(whiteouts === 'overlay' && { lower }) };
      const start = performance.now();
      const outcome = await attempt(applyLayer(Readable.from([bytes]), root, options));
      if (whiteouts === 'overlay') {
        const image = folder.join('image');
        const other = await attempt(writeErofs(Readable.from([bytes]), image, { ...limits, lower }));
        // What this file system cannot hold, the image may.
        if (outcome !== 'LAYER_REFUSED') expect(other, `${name} as an image`).toBe(outcome);
        rmSync(image, { force: true });
      }
      expect(performance.now() - start, `time of ${name}`).toBeLessThan(limit);
      expect(surroundings(), `around ${name}`).toEqual(surroundings.before);
      remove(root);
      outcomes[outcome === 'unpacked' ? 'unpacked' : 'refused'] += 1;
    }
    expect(Math.min(outcomes.refused, outcomes.unpacked)).toBeGreaterThan((outcomes.refused + outcomes.unpacked) / 10);
  });

  it('in what means nothing is unpacked to the same tree', { timeout: patience }, async () => {
    using folder = scratchOfLayers('fuzz');
    const bases = await corpus();
    const expected = await Promise.all(bases.map((base, at) => unpack(base, folder.join(`expected${at}`))));
    for (const { name, random } of cases(30)) {
      const base = random.pick(bases);
      const found = await unpack(restyled(base, random), folder.join('root'));
      expect(found, name).toEqual(expected[bases.indexOf(base)]);
      remove(folder.join('root'));
    }
  });

  it('of a known digest is refused, compressed or not, or is unpacked to the same tree', {
    timeout: patience,
  }, async () => {
    using folder = scratchOfLayers('fuzz');
    const bases = await corpus();
    const expected = await Promise.all(bases.map((base, at) => unpack(base, folder.join(`expected${at}`))));
    const codes = new Set<string>();
    for (const { name, random } of cases(60)) {
      const base = random.pick(bases);
      const compress = random.pick([gzipSync, zstdCompressSync, (bytes: Buffer) => bytes]);
      const bytes = damaged(compress(base), random);
      const digest = `sha256:${createHash('sha256').update(base).digest('hex')}`;
      const start = performance.now();
      const outcome = await attempt(
        applyLayer(Readable.from([bytes]), fresh(folder.join('root')), { ...limits, expect: digest }),
      );
      expect(performance.now() - start, `time of ${name}`).toBeLessThan(limit);
      if (outcome === 'unpacked') {
        expect(tree(folder.join('root'), { directoryTimes: false }), name).toEqual(expected[bases.indexOf(base)]);
      }
      remove(folder.join('root'));
      codes.add(outcome);
    }
    expect(codes).toContain('LAYER_INVALID');
    expect(codes).toContain('LAYER_MISMATCH');
  });
});

requires({ on: ['host'], root: true, kernel: '6.12' })('a layer changed by chance, as a file', () => {
  it('shows what it shows as a directory, or is refused for the same reason', { timeout: patience }, async () => {
    using folder = scratchOfLayers('fuzz');
    const bases = await corpus();
    const surroundings = surround(folder);
    let shown = 0;
    for (const { name, random } of cases(60)) {
      const bytes = mutated(random.pick(bases), random);
      // What has holes of a terabyte takes too long to be read.
      if (largest(bytes) > 2 ** 24) continue;
      const { directory, image } = await bothForms(folder, bytes, { name: 'root', lower: [folder.join('below')] });
      if (!String(directory).startsWith('LAYER_REFUSED')) expect(image, name).toEqual(directory);
      if (typeof directory !== 'string') shown += 1;
      for (const name of ['root.d', 'root.image']) rmSync(folder.join(name), { recursive: true, force: true });
      expect(surroundings(), `around ${name}`).toEqual(surroundings.before);
    }
    expect(shown).toBeGreaterThan(0);
  });
});

function largest(bytes: Buffer): number {
  const sizes: number[] = [0];
  try {
    new TarReader({ entry: ({ size }) => void sizes.push(size), data: () => {}, end: () => {} }).push(bytes);
  } catch (error) {
    if (!(error instanceof UnionfsError)) throw error;
  }
  return Math.max(...sizes);
}

/** The code of the error; any that is not ours is thrown. */
async function attempt(applied: Promise<unknown>): Promise<string> {
  try {
    await applied;
    return 'unpacked';
  } catch (error) {
    if (!(error instanceof UnionfsError) || !error.code.startsWith('LAYER_')) throw error;
    return error.code;
  }
}

/** Tells what is there besides what the test makes: `root`, `image` and `below` do not count. */
function surround(folder: Scratch): (() => unknown) & { readonly before: unknown } {
  mkdirSync(folder.join('canary/dir'), { recursive: true });
  writeFileSync(folder.join('canary/file'), 'canary');
  mkdirSync(folder.join('below/dir'), { recursive: true });
  mkdirSync(folder.join('below/opaque'));
  writeFileSync(folder.join('below/dir/file'), 'below');
  writeFileSync(folder.join('below/last'), 'below');
  writeFileSync(folder.join('below/opaque/old'), 'below');
  // The layer below aims at it, too.
  symlinkSync('../canary', folder.join('below/outside'));
  symlinkSync('../canary', folder.join('below/etc'));
  const look = () => [
    tree(folder.join('canary')),
    tree(folder.join('below')),
    readdirSync(folder.path).filter((name) => name !== 'root'),
  ];
  return Object.assign(look, { before: look() });
}

async function unpack(bytes: Buffer, root: string): Promise<string[]> {
  await applyLayer(Readable.from([bytes]), fresh(root));
  return tree(root, { directoryTimes: false });
}

function fresh(path: string): string {
  mkdirSync(path);
  return path;
}

/** Its modes may keep its own owner out. */
function remove(root: string): void {
  try {
    rmSync(root, { recursive: true, force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    spawnSync('chmod', ['-R', 'u+rwX', root]);
    rmSync(root, { recursive: true, force: true });
  }
}
