import type { CheckedDeviceRule, DeviceType } from '../controllers/device-rule.ts';
import { type CheckedDevices, rulesOf } from '../controllers/devices.ts';
import {
  and,
  assemble,
  copy,
  exit,
  type Instruction,
  jumpIfAny,
  jumpIfEqual,
  jumpUnlessEqual,
  type Label,
  label,
  load,
  move,
  shiftRight,
} from './instructions.ts';

/**
 * The rules as an eBPF program that the kernel asks before a device is opened or made: 1 is yes, 0 is no.
 *
 *     access_type (32)  |  major (32)  |  minor (32)        struct bpf_cgroup_dev_ctx, in register 1
 *     upper half: what is asked for; lower half: block or char
 *
 * From the last rule to the first, the bits asked for that are allowed are crossed off; a bit that is denied ends it,
 * and so does the last one that is crossed off. A jump goes forward only, and every rule loads its numbers anew: at
 * its end the verifier then finds nothing new to follow, and takes time in proportion to the number of rules.
 * BPF_PROG_TYPE_CGROUP_DEVICE of https://docs.kernel.org/bpf/libbpf/program_types.html
 */
export function deviceProgram(devices: CheckedDevices): Buffer {
  const [block, no, yes] = [Symbol('block'), Symbol('no'), Symbol('yes')];
  return assemble([
    load(TYPE, CONTEXT, 0),
    copy(ASKED, TYPE),
    shiftRight(ASKED, 16),
    and(TYPE, 0xffff),
    // Whoever asks only whether it is there: access(2) with F_OK.
    jumpIfEqual(ASKED, 0, yes),
    jumpIfEqual(TYPE, BPF_DEVCG_DEV_BLOCK, block),
    jumpUnlessEqual(TYPE, BPF_DEVCG_DEV_CHAR, no),
    ...decision(devices, 'char', no, yes),
    label(block),
    ...decision(devices, 'block', no, yes),
    label(no),
    move(RESULT, 0),
    exit(),
    label(yes),
    move(RESULT, 1),
    exit(),
  ]);
}

const [RESULT, CONTEXT, TYPE, ASKED, NUMBER] = [0, 1, 2, 3, 4];
const [MAJOR, MINOR] = [4, 8];
const BPF_DEVCG_DEV_BLOCK = 1;
const BPF_DEVCG_DEV_CHAR = 2;

function decision(devices: CheckedDevices, type: DeviceType, no: symbol, yes: symbol): (Instruction | Label)[] {
  const { allow, rules } = rulesOf(devices, type);
  const asked = rules.toReversed().flatMap((rule) => question(rule, no, yes));
  return [...asked, move(RESULT, allow ? 1 : 0), exit()];
}

function question({ allow, major, minor, access }: CheckedDeviceRule, no: symbol, yes: symbol) {
  const next = Symbol('next');
  return [
    ...unless(MAJOR, major, next),
    ...unless(MINOR, minor, next),
    ...(allow ? [and(ASKED, ~access), jumpIfEqual(ASKED, 0, yes)] : [jumpIfAny(ASKED, access, no)]),
    label(next),
  ];
}

function unless(field: number, number: number | '*', next: symbol): Instruction[] {
  return number === '*' ? [] : [load(NUMBER, CONTEXT, field), jumpUnlessEqual(NUMBER, number, next)];
}
