import { expect, it } from 'vitest';
import { compileSeccomp } from '../../src/index.ts';

it('a filter explains itself: one line an instruction, with the names of the calls', () => {
  const filter = compileSeccomp(
    {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [
        { names: ['kill'], action: 'SCMP_ACT_ERRNO', errnoRet: 3, args: [{ index: 1, value: 9, op: 'SCMP_CMP_EQ' }] },
      ],
    },
    { arch: 'x64' },
  );
  expect(filter.explain()).toBe(`0: load architecture
1: if architecture == 0xc000003e goto 3 else 2
2: SCMP_ACT_KILL_PROCESS
3: load number
4: if number >= 63 (uname) goto 11 else 5
5: if number >= 62 (kill) goto 6 else 12
6: load argument 1 high
7: if argument 1 high == 0 goto 8 else 12
8: load argument 1 low
9: if argument 1 low == 9 goto 10 else 12
10: SCMP_ACT_ERRNO 3
11: if number >= 0x40000000 goto 13 else 12
12: SCMP_ACT_ALLOW
13: SCMP_ACT_ERRNO 38
`);
});
