import { Registry } from '@estiba/registry';
import { expect, test } from 'vitest';
import { RegistryClient } from '../src/client.ts';
import { parseRateLimit, parseWarnings, type RegistryEvent } from '../src/events.ts';

async function eventsOf(headers: Record<string, string>, status = 200): Promise<RegistryEvent[]> {
  await using registry = await Registry.start();
  const events: RegistryEvent[] = [];
  using client = new RegistryClient({ retries: 1, retryDelay: 1, onEvent: (event) => events.push(event) });
  registry.fail({ status, headers, body: '{"tags":["a"]}', times: 9 });
  const list = async () => {
    for await (const _ of client.tags(`${registry.host}/demo/app`));
  };
  await list().catch(() => {});
  await list().catch(() => {});
  return events;
}

test('a warning is told once', async () => {
  expect(await eventsOf({ warning: '299 - "demo/app moves to \\"demo/new\\""' })).toEqual([
    { type: 'warning', host: expect.stringMatching(/^127/), text: 'demo/app moves to "demo/new"' },
  ]);
});

test('what may still be asked for is told with each answer', async () => {
  const rate = { type: 'rate-limit', host: expect.any(String), remaining: 76, limit: 100, seconds: 21600 };
  const headers = { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '76;w=21600' };
  expect(await eventsOf(headers)).toEqual([rate, rate]);
});

test('what is tried again is told before', async () => {
  const retry = { type: 'retry', attempt: 1, error: { code: 'TOOMANYREQUESTS', status: 429 } };
  const events = await eventsOf({ 'retry-after': '0' }, 429);
  expect(events).toMatchObject([retry, retry]);
  expect(events[0]).toMatchObject({ wait: 0 });
});

test.each([
  ['299 - "a"', ['a']],
  ['299 - "a, b", 299 - "c"', ['a, b', 'c']],
  ['199 - "a"', []],
  ['299 host "a"', []],
  ['299 - "\u001b[31mred"', [' [31mred']],
  [undefined, []],
])('of %j the warnings are %j', (header, warnings) => {
  expect(parseWarnings(header)).toEqual(warnings);
});

test.each([
  [
    { 'x-ratelimit-remaining': '5', 'x-ratelimit-limit': '60' },
    { remaining: 5, limit: 60 },
  ],
  [{ 'ratelimit-remaining': '0' }, { remaining: 0 }],
  [{ 'ratelimit-remaining': 'many' }, undefined],
  [{}, undefined],
])('%j is %j', (headers, rate) => {
  expect(parseRateLimit(headers)).toEqual(rate);
});
