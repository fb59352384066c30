import { requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { describe, digestOf } from '../../src/index.ts';
import { tryAcquire } from '../../src/layout/lock.ts';
import { blobLockPath } from '../../src/layout/places.ts';
import { openLayout, scratch } from '../scratch.ts';
import { otherProcess } from './other-process.ts';

const content = describe(Buffer.from('content'), 'x/y');

// https://man7.org/linux/man-pages/man7/time_namespaces.7.html
requires({ on: ['host'], root: true })('a process of another time namespace', () => {
  it('keeps its locks and leases, though its start looks different from here', async () => {
    await using folder = await scratch();
    const layout = await openLayout(folder.path);
    await layout.write(Buffer.from('leased'));
    const script = `
      const writer = await layout.ingest(${JSON.stringify(content)});
      const lease = await layout.lease();
      await lease.add(spec.digestOf('leased'));
      say('locked');
      setInterval(() => writer, 1000);`;
    const wrapper = ['unshare', '--time', '--boottime', '100000', '--fork', '--kill-child', '--'];
    const other = otherProcess(folder.path, script, { wrapper });
    try {
      expect(await other.said()).toBe('locked');
      expect(await tryAcquire(blobLockPath(folder.path, content.digest))).toBeUndefined();
      expect((await layout.prune()).removed).toEqual([]);
      expect(await layout.has(digestOf('leased'))).toBe(true);
    } finally {
      await other.kill();
    }
  });
});

requires({ on: ['host'], root: true })('a process that sees the /proc of another pid namespace', () => {
  it('is not taken for ended by others like it', async () => {
    await using folder = await scratch();
    const owner = new URL('../../src/layout/owner.ts', import.meta.url).href;
    const script = `
      const { ownedName, ownerState } = await import(${JSON.stringify(owner)});
      say(process.pid + ' ' + ownerState(ownedName()));`;
    const other = otherProcess(folder.path, script, { wrapper: ['unshare', '--pid', '--fork', '--kill-child', '--'] });
    expect(await other.said()).toBe('1 unknown');
    expect(await other.closed).toBe(0);
  });
});
