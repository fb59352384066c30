import { expect, test } from 'vitest';
import { chainId, chainIds } from '../src/chain-id.ts';
import { digestOf } from '../src/digest.ts';

const [a, b, c] = [digestOf('a'), digestOf('b'), digestOf('c')];

test('the chain id of one layer is its diff id', () => {
  expect(chainId([a])).toBe(a);
});

test('every further layer is hashed onto those below', () => {
  const ab = digestOf(`${a} ${b}`);
  expect(chainIds([a, b, c])).toEqual([a, ab, digestOf(`${ab} ${c}`)]);
  expect(chainId([a, b, c])).toBe(digestOf(`${ab} ${c}`));
});

test('no layers have no chain id', () => {
  expect(() => chainId([])).toThrow('there are no layers');
});
