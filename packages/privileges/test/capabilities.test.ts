import type { Call } from '@estiba/syscalls';
import { describe, expect, it } from 'vitest';
import { allCapabilities, capabilities, capabilitySets, dockerCapabilities } from '../src/index.ts';
import { calls } from './calls.ts';

describe('the steps for capabilities', () => {
  it('drop from the bounding set whatever is not kept, and every number that is not known', () => {
    const dropped = calls(capabilities(capabilitySets(['CAP_CHOWN', 'CAP_KILL'])))
      .filter(({ args }) => args[0] === 24)
      .map(({ args }) => args[1]);
    const kept = [0, 5];
    expect(dropped).toEqual(
      Array.from({ length: 64 }, (_, number) => number).filter((number) => !kept.includes(number)),
    );
  });

  it('leave the drops at the first number the kernel does not have', () => {
    const [first] = capabilities({});
    expect(first).toMatchObject({ part: [{ unless: ['EINVAL'] }] });
  });

  it('encode the sets for capset: effective, permitted, inheritable, low halves first', () => {
    const everything = {
      bounding: ['CAP_CHOWN', 'CAP_BPF', 'CAP_KILL'],
      effective: ['CAP_CHOWN'],
      permitted: ['CAP_CHOWN', 'CAP_BPF'],
      inheritable: ['CAP_KILL'],
    };
    const [capset] = calls(capabilities(everything)).filter(({ name }) => name === 'capset');
    const [header, data] = (capset as Call).args as [Uint8Array, Uint8Array];
    expect([...new Uint32Array(header.slice().buffer)]).toEqual([0x20080522, 0]);
    expect([...new Uint32Array(data.slice().buffer)]).toEqual([1, 1, 1 << 5, 0, 1 << 7, 0]);
  });

  it('leave nothing inheritable or ambient when one list is given', () => {
    expect(capabilitySets(dockerCapabilities)).toMatchObject({ inheritable: [], ambient: [] });
  });

  it('raise ambient capabilities one by one, after capset', () => {
    const set = ['CAP_NET_BIND_SERVICE'];
    const list = calls(capabilities({ bounding: set, effective: set, permitted: set, inheritable: set, ambient: set }));
    expect(list.slice(-3).map(({ name, args }) => [name, ...args].slice(0, 4))).toEqual([
      ['prctl', 47, 4, 0],
      ['capset', expect.anything(), expect.anything()],
      ['prctl', 47, 2, 10],
    ]);
  });

  it('take a capability that is younger than the table by its number', () => {
    const [capset] = calls(capabilities(capabilitySets(['CAP_41']))).filter(({ name }) => name === 'capset');
    expect([...new Uint32Array(((capset as Call).args[1] as Uint8Array).slice().buffer)]).toEqual([
      0, 0, 0, 512, 512, 0,
    ]);
  });
});

describe('capabilities that make no sense', () => {
  it.each(['CAP_FLY', 'cap_chown', 'chown', '', 'CAP_64', 'CAP_-1', 'CAP_041', '__proto__'])(
    'are refused: %j',
    (name) => {
      expect(() => capabilities(capabilitySets([name]))).toThrow(
        expect.objectContaining({ code: 'CAPABILITY_UNKNOWN' }),
      );
    },
  );

  it.each([
    [{ effective: ['CAP_KILL'] }, 'effective: not in the permitted set'],
    [{ inheritable: ['CAP_KILL'] }, 'inheritable: not in the bounding set'],
    [{ ambient: ['CAP_KILL'] }, 'ambient: not in the permitted set'],
    [{ ambient: ['CAP_KILL'], permitted: ['CAP_KILL'] }, 'ambient: not in the inheritable set'],
  ])('are refused before anything is done: %j', (sets, reason) => {
    expect(() => capabilities(sets)).toThrow(
      expect.objectContaining({ code: 'CAPABILITIES_INVALID', message: expect.stringContaining(reason) }),
    );
  });
});

describe('the tables', () => {
  it('have all 41 capabilities of Linux 5.9 and later, and fourteen of them for Docker', () => {
    expect(allCapabilities).toHaveLength(41);
    expect(allCapabilities.indexOf('CAP_SYS_ADMIN')).toBe(21);
    expect(allCapabilities.indexOf('CAP_CHECKPOINT_RESTORE')).toBe(40);
    expect(new Set(dockerCapabilities).size).toBe(14);
    expect(dockerCapabilities.every((name) => allCapabilities.includes(name))).toBe(true);
  });
});
