import { explain } from '@estiba/syscalls';
import { expect, it } from 'vitest';
import { overlayIdmapped } from '../../src/steps/overlay-idmapped.ts';

it('places for id maps are made where nobody sees them, and only the overlay leaves', () => {
  const directories = { lower: ['/top', '/b', '/a'], upper: '/u', work: '/w', passage: '/p', target: '/t' };
  const text = explain(overlayIdmapped({ ...directories, lowerIdmap: '/ns', lowerIdmapFrom: 1 }));
  const [there, back] = [text.indexOf('unshare'), text.indexOf('setns')];
  expect(there).toBeGreaterThan(0);
  expect(back).toBeGreaterThan(there);
  for (const place of ['"/p"', '"/p/1"', '"/p/2"', '"/p/merged"']) {
    expect(text.indexOf(place)).toBeGreaterThan(there);
    expect(text.lastIndexOf(place)).toBeLessThan(back);
  }
  expect(text.indexOf('"/t"')).toBeGreaterThan(back);
  expect(text).not.toContain('"/p/0"');
  const overlay = text.slice(text.indexOf('chdir("/p")'));
  expect(overlay).toContain('"/top"');
  expect(overlay).not.toContain('"/p/1"');
});
