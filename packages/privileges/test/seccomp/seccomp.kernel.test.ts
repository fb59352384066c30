import { writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { type Arg, attempt, type Call, fail, type Program, type Step, SyscallError, syscall } from '@estiba/syscalls';
import { requires, type Scratch, scratch } from '@estiba/testkit';
import { expect, it } from 'vitest';
import {
  compileSeccomp,
  dropPrivileges,
  noNewPrivileges,
  type SeccompFilter,
  type SeccompProfile,
  seccomp,
  simulateSeccomp,
} from '../../src/index.ts';
import { outcomeOf } from '../status.ts';
import { Random } from './random.ts';

const ended = { exitCode: 0, signal: null };

const isRoot = process.geteuid?.() === 0;

/** As root without any condition; for others new privileges have to be forbidden before. */
function load(filter: SeccompFilter | SeccompProfile): Step[] {
  return dropPrivileges({ seccomp: filter, noNewPrivileges: !isRoot });
}

function refusal(syscallName: string, code: string) {
  return expect.objectContaining({ constructor: SyscallError, syscall: syscallName, code });
}

requires({ on: ['host', 'uml'], userNamespaces: true })('under Docker’s profile', () => {
  const confined = (...calls: Call[]): Program => [
    dropPrivileges({ noNewPrivileges: true, seccomp: 'default' }),
    calls,
  ];

  it.each<[string, string, Arg[]]>([
    ['unshare', 'EPERM', [0x1400_0000]],
    ['keyctl', 'EPERM', [0, -3, 0]],
    ['personality', 'EPERM', [0x40000]],
    ['socket', 'EPERM', [40, 1, 0]],
    ['socket', 'EPERM', [38, 5, 0]],
    ['clone', 'EPERM', [0x1000_0000, 0, 0, 0, 0]],
    ['clone3', 'ENOSYS', [0, 0]],
    ['io_uring_setup', 'EPERM', [1, 0]],
  ])('%s fails with %s', async (name, code, args) => {
    await expect(outcomeOf(confined(syscall(name, ...args)))).rejects.toEqual(refusal(name, code));
  });

  it.each<[string, Arg[]]>([
    ['getpid', []],
    ['personality', [0xffff_ffff]],
    ['socket', [2, 1, 0]],
    ['socket', [1, 1, 0]],
    ['umask', [0o22]],
  ])('%s works', async (name, args) => {
    expect(await outcomeOf(confined(syscall(name, ...args)))).toEqual(ended);
  });

  it('it is the filter that refuses: without it the same calls work', async () => {
    expect(await outcomeOf([syscall('unshare', 0x1400_0000), syscall('personality', 0x40000)])).toEqual(ended);
  });
});

requires({ on: ['host', 'uml'] })('a filter in the kernel', () => {
  it('needs CAP_SYS_ADMIN, or that new privileges are forbidden', async () => {
    const filter = compileSeccomp({ defaultAction: 'SCMP_ACT_ALLOW' });
    const ordinary = isRoot ? dropPrivileges({ user: '1000:1000' }) : [];
    await expect(outcomeOf([ordinary, seccomp(filter)])).rejects.toEqual(refusal('seccomp', 'EACCES'));
    expect(await outcomeOf([ordinary, dropPrivileges({ noNewPrivileges: true, seccomp: filter })])).toEqual(ended);
  });

  it('kills the process where it says so', async () => {
    const profile = (action: string): SeccompProfile => ({
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['exit_group'], action }],
    });
    for (const action of ['SCMP_ACT_KILL_PROCESS', 'SCMP_ACT_KILL', 'SCMP_ACT_TRAP']) {
      expect(await outcomeOf(load(profile(action)))).toEqual({
        exitCode: null,
        signal: 'SIGSYS',
      });
    }
    expect(await outcomeOf(load(profile('SCMP_ACT_LOG')))).toEqual(ended);
  });

  it('hands out a listener where an action is NOTIFY', async () => {
    const steps = seccomp(
      compileSeccomp({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['acct'], action: 'SCMP_ACT_NOTIFY' }] }),
    );
    expect(await outcomeOf([isRoot ? [] : noNewPrivileges(), steps, syscall('close', steps.at(-1) as Call)])).toEqual(
      ended,
    );
  });

  it('is accepted however long its jumps are', async () => {
    const args = Array.from({ length: 900 }, (_, index) => ({
      index: index % 6,
      value: BigInt(index) << 31n,
      op: 'SCMP_CMP_EQ',
    }));
    const filter = compileSeccomp({
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['acct'], action: 'SCMP_ACT_ERRNO', args }],
    });
    expect(filter.instructions.length / 8).toBeGreaterThan(3000);
    expect(await outcomeOf(load(filter))).toEqual(ended);
  });

  it('decides about arguments as the simulation says', async () => {
    const errnos = ['EDOM', 'ERANGE', 'EXDEV', 'EMLINK', 'ENOTTY', 'ETXTBSY'] as const;
    const random = new Random(2026);
    const pool = Array.from({ length: 4 }, () => random.word());
    const operators = ['EQ', 'NE', 'LT', 'LE', 'GT', 'GE', 'MASKED_EQ'];
    const filter = compileSeccomp({
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [
        ...Array.from({ length: 60 }, () => ({
          names: ['acct', 'vhangup', 'swapoff', 'reboot'].filter(() => random.below(2) === 1),
          action: 'SCMP_ACT_ERRNO',
          errnoRet: constants.errno[random.pick(errnos)],
          args: [0, 1].map(() => ({
            index: random.below(6),
            value: random.pick(pool),
            valueTwo: random.pick(pool),
            op: `SCMP_CMP_${random.pick(operators)}`,
          })),
        })),
        {
          names: ['acct', 'vhangup', 'swapoff', 'reboot'],
          action: 'SCMP_ACT_ERRNO',
          errnoRet: constants.errno.ENODATA,
        },
      ],
    });
    const seen = new Set<string>();
    const tries = Array.from({ length: 400 }, () => {
      const name = random.pick(['acct', 'vhangup', 'swapoff', 'reboot']);
      const args = Array.from({ length: 6 }, () => (random.below(3) ? random.pick(pool) : random.word()));
      const { errno } = simulateSeccomp(filter, { syscall: name, args });
      const code = Object.entries(constants.errno).find(([, number]) => number === errno)?.[0] ?? `no errno ${errno}`;
      seen.add(code);
      // Left without an error only by the errno that the simulation predicts.
      return attempt([syscall(name, ...args), fail('EPROTO', `${name}(${args}) did not fail with ${code}`)], [code]);
    });
    expect(await outcomeOf([load(filter), tries])).toEqual(ended);
    expect(seen.size).toBeGreaterThan(4);
  });
});

// User-Mode Linux takes over whatever calls the kernel, and reads it as a 64-bit call: it has no such door.
requires({ on: ['host', 'qemu'] })('a filter, seen through the 32-bit door,', () => {
  it.skipIf(process.arch !== 'x64')('sees the call as what it is there', async ({ skip }) => {
    await using folder = scratch();
    const program = await knocker(folder);
    // EFAULT: mount(2) looked at its arguments. A kernel without 32-bit programs ends this one by SIGSEGV.
    const free = await outcomeOf([], program);
    expect([
      { exitCode: 14, signal: null },
      { exitCode: null, signal: 'SIGSEGV' },
    ]).toContainEqual(free);
    if (free.signal !== null) skip('this kernel runs no 32-bit programs');
    const under = (architectures: string[]) => outcomeOf(refusing('mount', architectures), program);
    expect(await under(['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'])).toEqual({ exitCode: 77, signal: null });
    expect(await under(['SCMP_ARCH_X86_64'])).toEqual({ exitCode: null, signal: 'SIGSYS' });
  });
});

requires({ on: ['uml'] })('a filter, where the 32-bit door leads to 64-bit calls,', () => {
  it('sees the call as what the kernel takes it for', async () => {
    await using folder = scratch();
    const program = await knocker(folder);
    const both = ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'];
    // 21 is mount(2) for the one, access(2) for the other; the pointers are wild for both.
    expect(await outcomeOf(refusing('mount', both), program)).toEqual({ exitCode: 14, signal: null });
    expect(await outcomeOf(refusing('access', both), program)).toEqual({ exitCode: 77, signal: null });
  });
});

function refusing(name: string, architectures: string[]): Program {
  const syscalls = [{ names: [name], action: 'SCMP_ACT_ERRNO', errnoRet: 77 }];
  return load(compileSeccomp({ defaultAction: 'SCMP_ACT_ALLOW', architectures, syscalls }));
}

async function knocker(folder: Scratch): Promise<string> {
  const program = folder.join('mount32');
  await writeFile(program, mountThroughThe32BitDoor(), { mode: 0o755 });
  return program;
}

/** A 64-bit program that calls mount by its 32-bit number and `int 0x80`, with wild pointers, and exits with the errno. */
function mountThroughThe32BitDoor(): Uint8Array {
  const code = Buffer.from('b815000000bb01000000b901000000ba01000000cd8089c7f7dfb83c0000000f05', 'hex');
  const header = Buffer.alloc(120);
  header.write('7f454c4602010100', 'hex');
  header.writeUInt16LE(2, 16); // ET_EXEC
  header.writeUInt16LE(62, 18); // EM_X86_64
  header.writeUInt32LE(1, 20);
  header.writeUInt32LE(0x40_0078, 24); // entry
  header.writeUInt32LE(64, 32); // program headers
  header.writeUInt16LE(64, 52);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  header.writeUInt32LE(1, 64); // PT_LOAD
  header.writeUInt32LE(5, 68); // read, execute
  header.writeUInt32LE(0x40_0000, 80);
  header.writeUInt32LE(120 + code.length, 96);
  header.writeUInt32LE(120 + code.length, 104);
  header.writeUInt32LE(0x1000, 112);
  return Buffer.concat([header, code]);
}
