/**
 * posix_spawn(3) of the launcher: the one libc function we call. It costs 0.1 ms whatever the size of this process, as
 * it does not copy page tables; Node's own spawn forks, which takes 60 ms at 1.3 GB.
 */

import { launcherPath } from './launcher.ts';
import { addressOf, loadFfi } from './native.ts';
import { SyscallError } from './syscall-error.ts';

interface Descriptors {
  readonly socket: number;
  readonly stdio: readonly [number, number, number];
  readonly inherit: ReadonlySet<number>;
}

/** Start the launcher with these descriptors; `inherit` keep their numbers. Returns its process id. */
export function spawnLauncher(descriptors: Descriptors): number {
  const { socket, stdio, inherit } = descriptors;
  for (const fd of inherit) {
    if (fd <= 2 && stdio[fd] !== fd)
      throw new TypeError(
        `cannot pass on descriptor ${fd}: the process has a standard stream of its own there; duplicate it first`,
      );
  }
  const libc = openLibc();
  const { block } = libc;
  block.buffer.write(`${socket}\0`, block.number);
  check(
    'posix_spawn',
    libc.call(
      'posix_spawn',
      block.pid,
      launcherPath(),
      fileActions(descriptors),
      block.attributes,
      block.argv,
      block.envp,
    ),
  );
  return block.pid.readInt32LE(0);
}

/** The same numbers come up again and again: what to do with them is prepared once. */
const prepared = new Map<string, Buffer>();
const PREPARED = 32;

function fileActions({ socket, stdio, inherit }: Descriptors): Buffer {
  const numbers = [socket, ...stdio, ...inherit];
  const key = numbers.join();
  const known = prepared.get(key);
  if (known !== undefined) return known;
  const { call } = openLibc();
  const actions = Buffer.alloc(512);
  check('posix_spawn_file_actions_init', call('posix_spawn_file_actions_init', actions));
  const duplicate = (from: number, to: number) =>
    check('posix_spawn_file_actions_adddup2', call('posix_spawn_file_actions_adddup2', actions, from, to));
  // Onto themselves too: that clears close-on-exec. No source is replaced before its turn: all that move are above 2.
  for (const [to, from] of stdio.entries()) duplicate(from, to);
  for (const fd of inherit) if (fd > 2) duplicate(fd, fd);
  duplicate(socket, socket);
  prepared.set(key, actions);
  const [oldest] = prepared;
  if (prepared.size > PREPARED && oldest !== undefined) {
    prepared.delete(oldest[0]);
    call('posix_spawn_file_actions_destroy', oldest[1]);
  }
  return actions;
}

type Param = number | bigint | string | Buffer;

interface Libc {
  call(name: string, ...params: Param[]): number;
  block: Block;
}

/** Memory that outlives the call, and whose address is known: argv of the launcher, and the attributes of every spawn. */
interface Block {
  readonly buffer: Buffer;
  readonly pid: Buffer;
  readonly argv: Buffer;
  readonly envp: Buffer;
  readonly attributes: Buffer;
  /** Where the number of the socket is written. */
  readonly number: number;
}

let opened: Libc | undefined;

function openLibc(): Libc {
  if (opened !== undefined) return opened;
  const ffi = loadFfi();
  const { DataType } = ffi;
  ffi.open({ library: 'estiba-libc', path: '' });
  const typeOf = (param: Param) =>
    typeof param === 'number'
      ? DataType.I32
      : typeof param === 'bigint'
        ? DataType.BigInt
        : typeof param === 'string'
          ? DataType.String
          : DataType.U8Array;
  const call = (name: string, ...params: Param[]) =>
    ffi.load({
      library: 'estiba-libc',
      funcName: name,
      retType: DataType.I32,
      paramsType: params.map(typeOf),
      paramsValue: params,
    }) as number;
  opened = { call, block: makeBlock(call) };
  return opened;
}

function makeBlock(call: Libc['call']): Block {
  const buffer = Buffer.from(new ArrayBuffer(2048));
  const address = addressOf(buffer);
  const [ARGV, ENVP, NAME, NUMBER, MASK, DEFAULTS, ATTRIBUTES] = [0, 24, 64, 96, 128, 256, 512];
  buffer.write('estiba\0', NAME);
  buffer.writeBigUInt64LE(BigInt(address + NAME), ARGV);
  buffer.writeBigUInt64LE(BigInt(address + NUMBER), ARGV + 8);
  const attributes = buffer.subarray(ATTRIBUTES);
  // Node ignores SIGPIPE and others, and what is ignored is inherited: everything back to its default, nothing blocked.
  const [SETSIGDEF, SETSIGMASK] = [0x04, 0x08];
  call('sigemptyset', buffer.subarray(MASK, MASK + 128));
  call('sigfillset', buffer.subarray(DEFAULTS, DEFAULTS + 128));
  check('posix_spawnattr_init', call('posix_spawnattr_init', attributes));
  check(
    'posix_spawnattr_setsigmask',
    call('posix_spawnattr_setsigmask', attributes, buffer.subarray(MASK, MASK + 128)),
  );
  check(
    'posix_spawnattr_setsigdefault',
    call('posix_spawnattr_setsigdefault', attributes, buffer.subarray(DEFAULTS, DEFAULTS + 128)),
  );
  check('posix_spawnattr_setflags', call('posix_spawnattr_setflags', attributes, SETSIGDEF | SETSIGMASK));
  return {
    buffer,
    pid: Buffer.alloc(8),
    argv: buffer.subarray(ARGV),
    envp: buffer.subarray(ENVP),
    attributes,
    number: NUMBER,
  };
}

/** These functions return the error number instead of setting errno. */
function check(what: string, errno: number): void {
  if (errno === 0) return;
  throw new SyscallError({ errno, call: { name: what, args: [launcherPath()] }, step: 'start the launcher' });
}
