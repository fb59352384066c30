import { compile } from '../../src/compile.ts';
import { allocate, codes, Encoder } from '../../src/encoding.ts';
import {
  attempt,
  command,
  continueInChild,
  fail,
  fork,
  fscreate,
  fsmount,
  fsopen,
  load,
  moveMount,
  openat2,
  out,
  type Program,
  patch,
  pause,
  syscall,
  words,
} from '../../src/index.ts';
import { platformArch } from '../../src/platform.ts';

/** Programs of the kinds that this project makes: all operations, all kinds of arguments. */
export function seeds(): Buffer[] {
  const context = fsopen('overlay');
  const tree = fsmount(context, ['nosuid']);
  const memory = out(64);
  const child = fork([syscall('getuid'), syscall('exit_group', 3)]);
  const programs: Program[] = [
    [context, fscreate(context), tree, moveMount(tree, '/mnt')],
    [syscall('read', 0, memory, 64), patch(memory, 8, load(memory, 0, 8), 2), syscall('write', 1, memory, 64)],
    [attempt([syscall('getuid'), attempt([openat2(-100, '/etc')], ['ENOENT', 'ELOOP', 'EACCES', 'EPERM'])], ['*'])],
    command(['ls', '-l'], { PATH: '/bin:/usr/bin:/sbin', A: 'b' }),
    [continueInChild('pid', 'mount'), pause('ready', memory), child, syscall('wait4', child, memory, 0, 0)],
    [syscall('sendmsg', 3, words(words(1, 2, 'x'), 0, context), 0), fail('EIO', 'no')].slice(1),
  ];
  return [
    ...programs.map((program) => Buffer.from(compile(program, { reportFd: 3, dieWithParent: true }).program)),
    numbers(),
  ];
}

/** The operations that only hand-made programs have: a number written as text, arithmetic, a loop with an end. */
function numbers(): Buffer {
  const encoder = new Encoder();
  const suffix = encoder.string('/uid_map');
  const text = encoder.reserve(40);
  encoder.emit({ code: codes.alu, variant: 1, args: [41, 1] });
  encoder.emit({ code: codes.alu, variant: 6, args: [{ slot: 0 }, 1] });
  encoder.emit({ code: codes.fmt, args: [{ data: text }, { slot: 1 }, { data: suffix }] });
  encoder.emit({ code: codes.alu, variant: 2, args: [{ slot: 0 }, 1], dst: 0 });
  encoder.emit({ code: codes.jmp, variant: 2, args: [{ slot: 0 }, 0], target: 2 });
  return Buffer.from(encoder.encode({ arch: platformArch(), reportFd: -1, allocate }));
}
