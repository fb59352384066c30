/** bpf(2), as far as device programs on cgroups need it; the structures are those of union bpf_attr in linux/bpf.h. */
import { type Arg, attempt, type Call, type Fd, type Out, out, patch, perform, syscall, words } from '@estiba/syscalls';
import { INSTRUCTION_SIZE } from './instructions.ts';

/** A refusal by the kernel, with what its verifier has to say about the program; mostly nothing. */
export interface LoadRefusal {
  readonly cause: unknown;
  readonly log: string;
}

/** CAP_BPF and CAP_NET_ADMIN, before Linux 5.8 CAP_SYS_ADMIN, in the initial user namespace. */
export function loadDeviceProgram(instructions: Uint8Array, name: string): Fd | LoadRefusal {
  const call = loading(instructions, name);
  try {
    return perform([call], { keep: [call] }).fd(call);
  } catch (cause) {
    // Only now with a log: for a program that is accepted nobody would read it.
    const log = out(64 << 10);
    const again = loading(instructions, name, log);
    const results = perform([attempt([again], ['*'])], { keep: [again] });
    if (results.of(again) >= 0) return results.fd(again);
    return { cause, log: textIn(results.bytes(log), 0) };
  }
}

/**
 * Without `replaced` it is one more, and all of a cgroup have to agree. EINVAL with it: before Linux 5.6.
 * CAP_NET_ADMIN
 */
export function attachProgram(cgroup: Fd, program: Fd, replaced?: Fd): void {
  const flags = BPF_F_ALLOW_MULTI | (replaced === undefined ? 0 : BPF_F_REPLACE);
  const attributes = words(
    pair(cgroup.number, program.number),
    pair(BPF_CGROUP_DEVICE, flags),
    pair(replaced?.number ?? 0),
  );
  perform([bpf(BPF_PROG_ATTACH, attributes, 24)]);
}

/** Not attached any more is fine. CAP_NET_ADMIN */
export function detachProgram(cgroup: Fd, program: Fd): void {
  const attributes = words(pair(cgroup.number, program.number), pair(BPF_CGROUP_DEVICE), pair(0));
  perform([attempt([bpf(BPF_PROG_DETACH, attributes, 24)], ['ENOENT'])]);
}

/** The programs for devices of this cgroup alone, in the order of attaching, by their number. CAP_NET_ADMIN */
export function attachedPrograms(cgroup: Fd): number[] {
  const attributes = out(64);
  const ids = out(4 * MOST_PROGRAMS);
  const results = perform([
    patch(attributes, 0, cgroup.number),
    patch(attributes, 4, BPF_CGROUP_DEVICE),
    patch(attributes, 16, ids, 8),
    patch(attributes, 24, MOST_PROGRAMS),
    bpf(BPF_PROG_QUERY, attributes, 64),
  ]);
  const count = results.bytes(attributes).readUInt32LE(24);
  const list = results.bytes(ids);
  return Array.from({ length: count }, (_, index) => list.readUInt32LE(index * 4));
}

/** Undefined: there is none of this number any more. CAP_SYS_ADMIN */
export function openProgram(id: number): Fd | undefined {
  const call = bpf(BPF_PROG_GET_FD_BY_ID, words(pair(id), pair(0)), 12);
  const results = perform([attempt([call], ['ENOENT'])], { keep: [call] });
  return results.of(call) < 0 ? undefined : results.fd(call);
}

export function programName(program: Fd): string {
  const info = out(80);
  const results = perform([bpf(BPF_OBJ_GET_INFO_BY_FD, words(pair(program.number, 80), info), 16)]);
  return textIn(results.bytes(info), 64);
}

const BPF_PROG_LOAD = 5;
const BPF_PROG_ATTACH = 8;
const BPF_PROG_DETACH = 9;
const BPF_PROG_GET_FD_BY_ID = 13;
const BPF_OBJ_GET_INFO_BY_FD = 15;
const BPF_PROG_QUERY = 16;
const BPF_PROG_TYPE_CGROUP_DEVICE = 15;
const BPF_CGROUP_DEVICE = 6;
const BPF_F_ALLOW_MULTI = 2;
const BPF_F_REPLACE = 4;
// BPF_CGROUP_MAX_PROGS of the kernel.
const MOST_PROGRAMS = 64;

function loading(instructions: Uint8Array, name: string, log?: Out): Call {
  const title = Buffer.alloc(16);
  title.write(name, 0, 15);
  const attributes = words(
    pair(BPF_PROG_TYPE_CGROUP_DEVICE, instructions.length / INSTRUCTION_SIZE),
    instructions,
    // Kernel functions under the GPL are not called.
    'Apache-2.0',
    pair(log === undefined ? 0 : 1, log?.out),
    log,
    pair(0),
    title.readBigUInt64LE(0),
    title.readBigUInt64LE(8),
    pair(0, BPF_CGROUP_DEVICE),
  );
  return bpf(BPF_PROG_LOAD, attributes, 72);
}

function bpf(command: number, attributes: Arg, size: number): Call {
  return syscall('bpf', command, attributes, size);
}

/** Two numbers of 32 bits in a word of 64. */
function pair(first: number, second = 0): bigint {
  return BigInt(first) | (BigInt(second) << 32n);
}

function textIn(bytes: Buffer, start: number): string {
  const end = bytes.indexOf(0, start);
  return bytes.toString('latin1', start, end === -1 ? bytes.length : end).trim();
}
