import { expect, test } from 'vitest';
import { checkLimits } from '../../src/checked-limits.ts';
import { limitsOfOci } from '../../src/oci/limits.ts';
import type { OciDevice, OciResources } from '../../src/oci/resources.ts';

const rulesOf = (resources: OciResources | undefined) => {
  const { limits } = limitsOfOci(resources, { version: 2 });
  checkLimits(limits, '/estiba/x');
  return (limits.devices as { rules: unknown[] }).rules;
};

test('devices keep their order, and those of every container come last', () => {
  const devices: OciDevice[] = [
    { allow: false, access: 'rwm' },
    { allow: true, type: 'c', major: 10, minor: 229, access: 'rw' },
    { allow: true, type: 'b', major: 8, minor: -1, access: 'r' },
  ];
  const rules = rulesOf({ devices });
  expect(rules.slice(0, 3)).toEqual([
    { allow: false, type: 'all', access: 'rwm' },
    { allow: true, type: 'char', major: 10, minor: 229, access: 'rw' },
    { allow: true, type: 'block', major: 8, minor: '*', access: 'r' },
  ]);
  expect(rules).toContainEqual({ allow: true, type: 'char', major: 1, minor: 3, access: 'rwm' });
  expect(rules).toHaveLength(3 + 11);
});

// CreateCgroupConfig() of runc appends them in every case, and its emulator begins with deny; crun limits nothing then.
test.each([
  ['an empty list', { devices: [] }],
  ['no list', {}],
  ['no resources', undefined],
])('with %s a new container has the devices that every container has, and no others', (_, resources) => {
  const rules = rulesOf(resources);
  expect(rules).toHaveLength(11);
  expect(rules).toContainEqual({ allow: true, type: 'char', major: 1, minor: 3, access: 'rwm' });
  expect(checkLimits(limitsOfOci(resources, { version: 2 }).limits, '/estiba/x').devices).toMatchObject({
    allow: false,
  });
});

// SkipDevices in `runc update`.
test('an update leaves devices as they are, and says so', () => {
  const devices: OciDevice[] = [{ allow: false, access: 'rwm' }];
  expect(limitsOfOci({ devices, pids: { limit: 5 } }, { version: 2, update: true })).toMatchObject({
    limits: { pids: { max: 5 } },
    ignored: [{ key: 'devices', reason: 'an update leaves devices as they are' }],
  });
  expect(limitsOfOci(undefined, { version: 2, update: true }).limits).toEqual({});
});
