import { requires } from '@estiba/testkit';
import { describe, expect, test } from 'vitest';
import { onBoth } from './devices/on-both.ts';
import { onV1 } from './devices/on-v1.ts';
import { onV2 } from './devices/on-v2.ts';
import { directories, isHybrid, mountinfo, place, views } from './views.ts';

// Beside v1 there is the v2 tree, on which programs decide as well.
const withoutV1 = mountinfo.replaceAll(/^.* - cgroup \S+ \S*\bdevices\b.*\n/gm, '');
const all: [string, string][] = isHybrid ? [...views, ['hybrid without v1 devices', withoutV1]] : views;
for (const [name, view] of all) {
  requires({ on: ['host', 'uml', 'qemu'], cgroup: true, root: true })(`devices, ${name}`, () => {
    const { create } = place(view);
    onBoth(create);
    if (isHybrid && view !== withoutV1) describe('on v1', () => onV1(create));
    else describe('on v2', () => onV2(create));
  });
}

requires({ on: ['uml'], cgroup: true })('devices of an ordinary user', () => {
  const { create } = place(mountinfo);

  test.runIf(process.geteuid?.() !== 0)('are an error that says who may, and nothing is left', async () => {
    await using group = await create();
    await expect(group.child('inner', { devices: { allow: ['c 1:3 rw'] } })).rejects.toMatchObject({
      code: 'CGROUP_DENIED',
      message: expect.stringMatching(/EPERM; this takes root of the initial user namespace/),
    });
    expect(directories(`${group.path}/inner`)).toEqual([]);
    await expect(group.devices()).rejects.toMatchObject({
      code: 'CGROUP_DENIED',
      message: expect.stringMatching(/EPERM; this takes CAP_SYS_ADMIN in the initial user namespace/),
    });
    await (await group.child('inner', { devices: 'max' })).remove();
  });
});
