import { expect, it } from 'vitest';
import { capabilitySets, grantableCapabilities } from '../src/index.ts';

it('capabilities that are not held are taken out of all sets and told', () => {
  const wanted = { ...capabilitySets(['CAP_CHOWN', 'CAP_SYS_RESOURCE', 'CAP_41']), inheritable: ['CAP_SYS_RESOURCE'] };
  expect(grantableCapabilities(wanted, capabilitySets(['CAP_CHOWN', 'CAP_KILL']))).toEqual({
    sets: capabilitySets(['CAP_CHOWN']),
    missing: ['CAP_SYS_RESOURCE', 'CAP_41'],
  });
});

it('an unknown capability is refused, not left out', () => {
  expect(() => grantableCapabilities(capabilitySets(['CAP_FLY']), {})).toThrow(
    expect.objectContaining({ code: 'CAPABILITY_UNKNOWN' }),
  );
});
