import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { compareImages, digestOf } from '../../src/index.ts';
import { type MadeLayer, made } from '../made.ts';

type Some = readonly (string | MadeLayer)[];

async function changes(before: Some, after: Some): Promise<string[]> {
  const { layers } = await compareImages((await made(before)).image, (await made(after)).image);
  const names = new Map(['a', 'b', 'c', 'd'].map((name) => [digestOf(name), name]));
  return layers.map((change) => {
    const from = 'before' in change ? change.before.position : '';
    const to = 'after' in change ? change.after.position : '';
    return `${change.kind} ${names.get(change.diffId)} ${from}>${to}`;
  });
}

test('layers are the same, added, removed, or have moved', async () => {
  expect(await changes(['a', 'b'], ['a', 'b', 'c'])).toEqual(['same a 0>0', 'same b 1>1', 'added c >2']);
  expect(await changes(['a', 'b', 'c'], ['a', 'd'])).toEqual([
    'same a 0>0',
    'removed b 1>',
    'added d >1',
    'removed c 2>',
  ]);
  expect(await changes(['a', 'b'], ['c', 'a', 'b'])).toEqual(['added c >0', 'moved a 0>1', 'moved b 1>2']);
});

test('a layer that is there several times is paired in its place first', async () => {
  expect(await changes(['a', 'b', 'a'], ['b', 'a', 'a'])).toEqual(['moved b 1>0', 'moved a 0>1', 'same a 2>2']);
  expect(await changes(['a', 'a'], ['a'])).toEqual(['same a 0>0', 'removed a 1>']);
});

test('the same content in another compression is repacked', async () => {
  const bytes = gzipSync('a');
  expect(await changes(['a'], [{ bytes, tar: Buffer.from('a') }])).toEqual(['repacked a 0>0']);
});
