import { expect, test } from 'vitest';
import { checkConsistency } from '../src/consistency.ts';
import { config, imageConfig, layer } from './document/fixtures.ts';

const rootfs = { type: 'layers' as const, diff_ids: [config.digest, layer.digest] };
const two = { layers: [layer, layer] };

test('a manifest and a config with as many layers fit', () => {
  expect(checkConsistency(two, { rootfs, history: imageConfig.history })).toEqual({ errors: [], warnings: [] });
  expect(checkConsistency(two, { rootfs, history: [] })).toEqual({ errors: [], warnings: [] });
  expect(checkConsistency(two, { rootfs })).toEqual({ errors: [], warnings: [] });
});

test('more layers than diff ids are an error', () => {
  expect(checkConsistency({ layers: [layer] }, { rootfs }).errors).toMatchObject([
    { path: 'rootfs.diff_ids', message: 'it has 2 diff ids for 1 layers' },
  ]);
});

test('a history of more or fewer layers is a warning', () => {
  expect(checkConsistency(two, { rootfs, history: [{}, { empty_layer: true }] })).toMatchObject({
    errors: [],
    warnings: [{ path: 'history', message: 'it tells of 1 layers and has 2 diff ids' }],
  });
});
