import { describe, expect, it } from 'vitest';
import { allCapabilities } from '../src/index.ts';
import { parseCapabilities } from '../src/process-capabilities.ts';

describe('the capabilities of a process', () => {
  it('are read from its status', () => {
    const status =
      'Name:\tCapBnd:\t1\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000003\nCapEff:\t0000000000000001\nCapBnd:\t000003ffffffffff\n';
    const sets = parseCapabilities(status);
    expect(sets.permitted).toEqual(['CAP_CHOWN', 'CAP_DAC_OVERRIDE']);
    expect(sets.effective).toEqual(['CAP_CHOWN']);
    expect(sets.bounding).toEqual([...allCapabilities, 'CAP_41']);
    expect(sets.inheritable).toEqual([]);
    expect(sets.ambient).toEqual([]);
  });
});
