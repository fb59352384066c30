import { requires } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { mountinfo, place } from './views.ts';

// No kernel here emulates a device: CONFIG_RDMA_RXE and CONFIG_RDMA_SIW are off.
requires({ on: ['qemu'], cgroup: ['rdma'], root: true })('the RDMA devices of a cgroup', () => {
  const { create } = place(mountinfo);

  test('what is used and allowed of each is told; without devices there is none', async () => {
    await using group = await create({ rdma: { max: {} } });
    expect((await group.stat()).rdma).toEqual({ current: {}, max: {} });
  });

  test('a device that the machine does not have is refused', async () => {
    const refused = create({ rdma: { max: { none_0: { hcaHandle: 2, hcaObject: 'max' } } } });
    await expect(refused).rejects.toMatchObject({
      code: 'LIMIT_INVALID',
      value: 'none_0 hca_handle=2 hca_object=max',
      message: expect.stringContaining('no such RDMA device'),
    });
  });
});
