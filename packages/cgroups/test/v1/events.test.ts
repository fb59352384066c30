import { expect, test } from 'vitest';
import { v1Sources } from '../../src/v1/events.ts';
import { inFolder } from '../in-folder.ts';

const memory = { version: 1, mountPoint: '/', root: '/', controllers: ['memory'] } as const;

test.each([
  ['both limits', { 'memory.failcnt': '2', 'memory.memsw.failcnt': '3' }, 5],
  ['that of memory alone, where the kernel does not account swap', { 'memory.failcnt': '2' }, 2],
])('memory-max counts %s', (_, files, total) => {
  inFolder(files, (directory) => {
    const place = { hierarchy: memory, directory };
    const source = v1Sources(place, [place]).find(({ types }) => types.includes('memory-max'));
    expect(source?.read()).toEqual(new Map([['memory-max', total]]));
  });
});
