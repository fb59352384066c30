import { digestOf } from '@estiba/image-spec';
import { expect, test } from 'vitest';
import { Whereabouts } from '../src/whereabouts.ts';

const digest = digestOf('a');

test('the repository that a blob was seen in last comes first, and each once', () => {
  const whereabouts = new Whereabouts();
  for (const repository of ['one', 'two', 'one']) whereabouts.saw('registry', repository, { digest });
  expect(whereabouts.of('registry', digest)).toEqual(['one', 'two']);
  expect(whereabouts.of('other', digest)).toEqual([]);
});

test('what was seen long ago is forgotten before it is too much', () => {
  const whereabouts = new Whereabouts();
  for (let repository = 0; repository < 9; repository++) whereabouts.saw('registry', `${repository}`, { digest });
  expect(whereabouts.of('registry', digest)).toEqual(['8', '7', '6', '5']);
  for (let blob = 0; blob < 20_000; blob++) whereabouts.saw('registry', 'x', { digest: `sha256:${blob}` });
  expect(whereabouts.of('registry', digest)).toEqual([]);
  expect(whereabouts.of('registry', 'sha256:19999')).toEqual(['x']);
});
