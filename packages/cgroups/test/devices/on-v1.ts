import { expect, test } from 'vitest';
import { directories } from '../views.ts';
import type { Create } from './create.ts';

export function onV1(create: Create): void {
  test('a cgroup inside that is to have more is an error that says who has to allow it', async () => {
    await using parent = await create({ devices: { allow: ['c 1:3 rw'] } });
    await expect(parent.child('inner', { devices: { allow: ['c 1:7 r'] } })).rejects.toMatchObject({
      code: 'CGROUP_DENIED',
      value: 'c 1:7 r',
      message: expect.stringMatching(
        /write c 1:7 r to .*devices\.allow: EPERM; on v1 the cgroup above has to allow this first/,
      ),
    });
    await expect(parent.child('inner', { devices: { deny: ['c 1:3 r'] } })).rejects.toMatchObject({
      code: 'CGROUP_DENIED',
    });
    expect(directories(`${parent.path}/inner`)).toEqual([]);
  });

  test('a change between the two kinds of list is refused while a cgroup is below', async () => {
    await using parent = await create({ devices: { deny: ['c 1:7 rwm'] } });
    const child = await parent.child('inner', { devices: { deny: ['c 1:7 rwm'] } });
    await expect(parent.set({ devices: { allow: ['c 1:3 rw'] } })).rejects.toMatchObject({
      code: 'CGROUP_BUSY',
      message: expect.stringMatching(/devices\.deny: EINVAL; on v1 a cgroup with others below it/),
    });
    await child.remove();
    // What has been removed counts for a moment.
    await expect.poll(() => parent.set({ devices: { allow: ['c 1:3 rw'] } }).then(() => 'done', String)).toBe('done');
  });

  test('the list in force is told, and in words', async () => {
    await using group = await create({ devices: { allow: ['c 1:3 rw', 'b *:* m'] } });
    const { list, explanation } = await group.devices();
    expect(list).toEqual(['c 1:3 rw', 'b *:* m']);
    expect(explanation).toMatch(
      /^every device is denied, but\nallowed: read and write character device 1:3 \(null\)\n/,
    );
    await group.set({ devices: { deny: ['c 1:3 w'] } });
    expect((await group.devices()).list).toEqual(['a *:* rwm']);
  });
}
