import { describe, expect, it } from 'vitest';
import { Skipped } from '../../src/layer/skipped.ts';

const name = Buffer.from('f');

describe('what a layer could not have', () => {
  it('is told once of each name', () => {
    const skipped = new Skipped();
    for (const what of ['device', 'device', 'extended attribute a']) skipped.add(name, what);
    skipped.add(Buffer.from([0xff, 0x0a]), 'device');
    expect(skipped.messages).toEqual(['"f": device', '"f": extended attribute a', '"\ufffd\\n": device']);
  });

  it('is told of 10,000 at most, and then how many more there were', () => {
    const skipped = new Skipped();
    for (let at = 0; at < 10_000; at++) skipped.add(name, `extended attribute ${at}`);
    expect(skipped.messages.length).toBe(10_000);
    for (let at = 0; at < 5; at++) skipped.add(name, `extended attribute x${at}`);
    expect(skipped.messages.length).toBe(10_001);
    expect(skipped.messages.slice(-2)).toEqual(['"f": extended attribute 9999', 'and 5 more']);
  });
});
