import { requires } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { isLinux } from './kernel-version.ts';
import { mountinfo, place } from './views.ts';

// No machine here has a resource to count: they belong to encrypted virtual machines (SEV, TDX).
requires({ on: ['qemu'], cgroup: ['misc'], root: true })('the other resources of a cgroup', () => {
  const { create } = place(mountinfo);

  test('what is used and allowed of each is told; a machine without such has none', async () => {
    await using group = await create({ misc: { max: {} } });
    const { misc } = await group.stat();
    expect(misc).toMatchObject({ current: {}, max: {}, events: {} });
    expect(misc?.peak).toEqual(isLinux('6.11') ? {} : undefined);
  });

  test('a resource that the machine does not have is refused', async () => {
    await expect(create({ misc: { max: { nothing: 3 } } })).rejects.toMatchObject({
      code: 'LIMIT_INVALID',
      value: 'nothing 3',
      message: expect.stringContaining('misc.capacity'),
    });
  });
});
