/** What the kernel does not take of id maps, and whom it does not let write them. */
import { guard, requires, unprivileged } from '@estiba/testkit';
import { expect, it } from 'vitest';
import type { IdMaps } from '../../src/layer/id-maps.ts';
import { namespaceOf } from '../../src/mounts/id-map-namespace.ts';

guard();

requires({ on: ['host', 'uml'], root: true })('a user namespace for id maps', () => {
  it('has as many ranges as the kernel takes', async () => {
    using namespace = await namespaceOf(mapsOf(340, 1));
    expect(namespace.closed).toBe(false);
  });

  it('is refused for maps of more text than the kernel takes, which is told', async () => {
    await expect(namespaceOf(mapsOf(340, 1_000_000_000))).rejects.toMatchObject({
      code: 'OVERLAY_UNSUPPORTED',
      message: expect.stringMatching(
        /^cannot show layers by id maps: EINVAL: [^;]*; the kernel takes less than a page of text, this is 5\d{3} bytes; use fewer ranges$/,
      ),
    });
  });
});

requires({ on: ['host', 'uml'], command: 'setpriv', userNamespaces: true })('an ordinary user', () => {
  it('is told that id maps of many take root', async () => {
    const script = `
      const { namespaceOf } = await import(process.cwd() + '/packages/unionfs/src/mounts/id-map-namespace.ts');
      await namespaceOf(${JSON.stringify(mapsOf(2, 100_000))}).catch((error) => console.log(error.code, error.message));`;
    const node = ['node', '--conditions=estiba-source', '--input-type=module', '-e', script];
    const { stdout } = await unprivileged(node, { uid: process.geteuid?.() || 65534 });
    expect(stdout).toMatch(/^OVERLAY_UNSUPPORTED cannot show layers by id maps: EPERM[^;]*; it takes root$/m);
  });
});

function mapsOf(count: number, first: number): IdMaps {
  const ranges = Array.from({ length: count }, (_, at) => ({ inside: 2 * at, outside: first + 2 * at, count: 1 }));
  return { uid: ranges, gid: ranges };
}
