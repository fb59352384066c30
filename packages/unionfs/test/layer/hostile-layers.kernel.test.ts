/**
 * Layers made to do harm. All of it happens in a folder of the test's own, in which a canary lies beside the root: what the
 * attacks aim at, by relative and absolute paths, and what must not change.
 */
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { guard, requires, scratch, unprivileged } from '@estiba/testkit';
import { archive } from '@estiba/testkit/archive';
import { beforeAll, describe, expect, it } from 'vitest';
import { applyLayer } from '../../src/layer/apply-layer.ts';
import { type Attempt, attempt } from '../fixtures/hostile-layers/attempt.ts';
import { type HostileLayer, hostileLayers } from '../fixtures/hostile-layers/index.ts';
import { scratchOfLayers } from '../scratch-of-layers.ts';
import { tree } from '../tree.ts';

guard();

const isRoot = process.geteuid?.() === 0;
const forms = ['delete', 'overlay'] as const;
const all = Object.values(hostileLayers).flat();
/** A guest takes half a second for each; what it adds is another kernel, and the marks of another kind of overlay. */
const every = process.env.ESTIBA_MACHINE === 'uml' ? 6 : 1;

requires({ on: ['host', 'uml'] })('the hostile layers', () => {
  it('are many, and each has a name of its own', () => {
    expect(all.length).toBeGreaterThan(200);
    expect(new Set(all.map(({ title }) => title)).size).toBe(all.length);
  });
});

function expectOneOf(outcomes: HostileLayer['outcomes'], { outcome, harm }: Attempt): void {
  expect(harm).toEqual([]);
  const [usual] = outcomes;
  expect(outcome).toEqual(outcomes.find((each) => JSON.stringify(each) === JSON.stringify(outcome)) ?? usual);
}

requires({ on: ['host', 'uml'] })('a hostile layer changes nothing outside:', () => {
  for (const [family, layers] of Object.entries(hostileLayers)) {
    describe(family, () => {
      for (const layer of layers.filter((_, index) => index % every === 0)) {
        it.each(forms)(`${layer.title} (%s)`, async (form) => {
          using folder = scratchOfLayers('hostile');
          const outcomes = isRoot ? layer.outcomes : (layer.outcomesOfUser ?? layer.outcomes);
          expectOneOf(outcomes, await attempt(layer, folder.path, form));
        });
      }
    });
  }

  it('good layers with any of their bytes changed at random', { timeout: 60_000 }, async () => {
    using folder = scratch('hostile');
    mkdirSync(folder.join('canary'));
    writeFileSync(folder.join('canary/file'), 'canary');
    const good = archive(
      { name: 'dir/', type: '5' },
      { name: 'dir/file', content: 'x'.repeat(100) },
      { name: 'link', type: '2', link: '../canary' },
      { name: 'link/file', content: 'y', pax: { path: 'link/file', mtime: '1.5' } },
      { name: 'hard', type: '1', link: 'dir/file' },
    );
    const before = tree(folder.join('canary'));
    const random = generator(1);
    let refused = 0;
    for (let round = 0; round < 200; round++) {
      mkdirSync(folder.join(`r${round}`));
      const bytes = Buffer.from(good);
      const block = (random() % (bytes.length / 512)) * 512;
      bytes[block + (random() % 512)] = random() % 256;
      // With the sum put right again, so that it is read at all.
      if (random() % 2 === 0) fixChecksum(bytes.subarray(block, block + 512));
      await applyLayer(Readable.from([bytes]), folder.join(`r${round}`)).catch((error: unknown) => {
        expect(error).toMatchObject({ name: 'UnionfsError', code: expect.stringMatching(/^LAYER_/) });
        refused += 1;
      });
    }
    expect(refused).toBeGreaterThan(20);
    expect(tree(folder.join('canary'))).toEqual(before);
  });
});

requires({ on: ['host', 'uml'], root: true, command: 'setpriv' })(
  'a hostile layer that an ordinary user unpacks',
  () => {
    const nobody = 65534;
    let results: Map<string, Attempt | string>;

    beforeAll(async () => {
      using folder = scratchOfLayers('hostile');
      chownSync(folder.path, nobody, nobody);
      const program = 'packages/unionfs/test/fixtures/hostile-layers/run.ts';
      const { stdout, stderr } = await unprivileged(['node', '--conditions=estiba-source', program, folder.path], {
        uid: nobody,
        timeout: 110_000,
      });
      expect(stderr).toBe('');
      const list = JSON.parse(stdout) as [string, string, Attempt | string][];
      results = new Map(list.map(([title, form, result]) => [`${title} (${form})`, result]));
    }, 120_000);

    it.each(forms)('changes nothing outside (%s)', (form) => {
      for (const layer of all) {
        const result = results.get(`${layer.title} (${form})`);
        if (typeof result !== 'object') throw new Error(`${layer.title}: ${result}`);
        const { title, outcomes, outcomesOfUser = outcomes } = layer;
        expect({ title, harm: result.harm }).toEqual({ title, harm: [] });
        expect(outcomesOfUser.map((each) => JSON.stringify([title, each]))).toContain(
          JSON.stringify([title, result.outcome]),
        );
      }
    });
  },
);

function fixChecksum(block: Buffer): void {
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}

/** Numbers that are the same in every run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state >>> 8;
  };
}
