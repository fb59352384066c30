import { afterEach, expect, test, vi } from 'vitest';
import { appendLayers, type CreatedOptions, type ImageView, setConfig } from '../../src/index.ts';
import { made } from '../made.ts';

const bytes = Buffer.from('layer');

afterEach(() => vi.unstubAllEnvs());

async function grown(options?: CreatedOptions): Promise<ImageView> {
  vi.stubEnv('SOURCE_DATE_EPOCH', process.env.SOURCE_DATE_EPOCH ?? '');
  const { image } = await made(['base'], { config: { created: '2001-01-01T00:00:00Z', history: [{}] } });
  return appendLayers(image, [{ bytes }], options);
}

test('without a time the same change makes the same bytes', async () => {
  const [one, two] = [await grown(), await grown()];
  expect(await one.descriptor).toEqual(await two.descriptor);
  expect((await one.config).created).toBe('2001-01-01T00:00:00Z');
  expect((await one.config).history).toEqual([{}, {}]);
});

test('SOURCE_DATE_EPOCH is the time', async () => {
  vi.stubEnv('SOURCE_DATE_EPOCH', '1700000000');
  const { created, history } = await (await grown()).config;
  expect([created, history?.[1]?.created]).toEqual(['2023-11-14T22:13:20Z', '2023-11-14T22:13:20Z']);
});

test('a time that is told goes before it, to the nanosecond', async () => {
  vi.stubEnv('SOURCE_DATE_EPOCH', '1700000000');
  const told = '2026-02-03T04:05:06.123456789+01:00';
  expect((await (await grown({ created: told })).config).created).toBe(told);
  const date = new Date(Date.UTC(2026, 1, 3, 4, 5, 6, 7));
  expect((await (await grown({ created: date })).config).created).toBe('2026-02-03T04:05:06.007Z');
});

test.each([
  ['yesterday'],
  ['2026-13-01T00:00:00Z'],
  ['2026-02-30T00:00:00Z'],
  ['2026-01-01T24:00:00Z'],
  [new Date(Number.NaN)],
  [new Date(8e15)],
])('%s is no time', async (created) => {
  const { image } = await made(['base']);
  expect(() => setConfig(image, {}, { created })).toThrow(expect.objectContaining({ code: 'TIME_INVALID' }));
});

test.each(['soon', '-1', '1.5'])('SOURCE_DATE_EPOCH=%s is refused', async (value) => {
  vi.stubEnv('SOURCE_DATE_EPOCH', value);
  const { image } = await made(['base']);
  expect(() => setConfig(image, {})).toThrow(expect.objectContaining({ code: 'TIME_INVALID' }));
});
