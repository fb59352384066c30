import { existsSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { CgroupError } from '../src/cgroup-error.ts';
import { measurePeak } from '../src/peak-meter.ts';
import type { Place } from '../src/place.ts';
import { inFolder } from './in-folder.ts';

const v2 = { version: 2, mountPoint: '/', root: '/', controllers: ['memory'] } as const;
const at = (directory: string): readonly Place[] => [{ hierarchy: v2, directory }];
const begin = (directory: string) => measurePeak(at(directory), '/estiba/x');

test.runIf(existsSync('/proc/self'))(
  'a meter on v2 resets the peak through its own descriptor, and reads it there',
  () => {
    inFolder({ 'memory.peak': '8192' }, (directory) => {
      using meter = begin(directory);
      expect(meter.shared).toBe(false);
      // A plain file says what was written: the kernel would say what is in use.
      expect(meter.read()).toBe(192);
    });
  },
);

test.runIf(existsSync('/proc/self'))(
  'before a reset the others read what they would lose; that theirs is gone is no matter, all else is',
  () => {
    inFolder({ 'memory.peak': '8192' }, (directory) => {
      using other = begin(directory);
      using meter = begin(directory);
      const reading = vi.spyOn(other, 'read');
      reading.mockImplementationOnce(() => {
        throw new CgroupError('CGROUP_GONE', 'gone', { path: '/estiba/x' });
      });
      expect(() => meter.reset()).not.toThrow();
      reading.mockImplementationOnce(() => {
        throw new CgroupError('CGROUP_DENIED', 'denied', { path: '/estiba/x' });
      });
      expect(() => meter.reset()).toThrow('denied');
    });
  },
);
