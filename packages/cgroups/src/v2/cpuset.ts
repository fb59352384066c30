import { CgroupError } from '../cgroup-error.ts';
import { readControl, writeControl } from '../control-file.ts';
import type { Controller, Target } from '../controller.ts';
import type { CpusetLimits, CpusetStat, Partition } from '../controllers/cpuset.ts';
import { ifThere } from '../missing-file.ts';
import { numbersOf } from '../number-list.ts';
import { errnoOf, refusal } from '../refusal.ts';
import { type ActionSetting, type Setting, setting } from '../setting.ts';

/** https://docs.kernel.org/admin-guide/cgroup-v2.html#cpuset-interface-files */
export const cpusetSettings: Controller<CpusetLimits> = ({ cpus, mems, partition }, target) => [
  ...listSettings('cpuset.cpus', cpus, target),
  ...listSettings('cpuset.mems', mems, target),
  ...(partition === undefined || (target.fresh && partition === 'member')
    ? []
    : [partitionSetting(partition, target.path)]),
  ...(partition === undefined && cpus !== undefined && !target.fresh ? [partitionCheck(target)] : []),
];

export function readCpuset(directory: string): CpusetStat {
  const partition = readPartition(directory);
  return {
    effectiveCpus: numbersOf(readControl(directory, 'cpuset.cpus.effective')),
    effectiveMems: numbersOf(readControl(directory, 'cpuset.mems.effective')),
    ...(partition === undefined ? {} : { partition: partition as NonNullable<CpusetStat['partition']> }),
  };
}

function listSettings(file: string, list: string | undefined, target: Target): Setting[] {
  if (list === undefined || (list === '' && target.fresh)) return [];
  return list === '' ? [reset(file, target.path)] : [...setting(file, list), grantCheck(file, list, target)];
}

/** For when the answer is no: a limit that is refused does not take the last one with it. A new cgroup is given up. */
function putBack(file: string, { directory, fresh }: Target): () => void {
  if (fresh) return () => {};
  // The empty list is a line.
  const last = ifThere('', () => readControl(directory, file)) || '\n';
  return () => {
    try {
      writeControl(directory, file, last);
    } catch (error) {
      // There is another error to tell.
      if (errnoOf(error) === undefined) throw error;
    }
  };
}

/** Nothing written would be nothing done: the empty list is a line without numbers. */
function reset(file: string, path: string): ActionSetting {
  return {
    attempt: `reset ${file} of ${path}`,
    apply(directory) {
      control(path, `${directory}/${file}`, 'an empty line', () => writeControl(directory, file, '\n'));
    },
  };
}

/** Where the parent has none of what is asked for, the kernel quietly gives all that the parent has. */
function grantCheck(file: string, list: string, target: Target): ActionSetting {
  const { path } = target;
  const undo = putBack(file, target);
  return {
    attempt: `see what ${path} was given in ${file}`,
    apply(directory) {
      const effective = `${directory}/${file}.effective`;
      const granted = control(path, effective, list, () => readControl(directory, `${file}.effective`));
      const wanted = numbersOf(list);
      if (numbersOf(granted).every((number) => wanted.includes(number))) return;
      undo();
      const message = `cannot limit ${path}: write ${list} to ${directory}/${file}: the cgroup above has none of them, and`;
      const rule = `${effective} is ${granted}; choose some of these`;
      throw new CgroupError('LIMIT_INVALID', `${message} ${rule}`, { path, file: `${directory}/${file}`, value: list });
    },
  };
}

/** The kernel takes the word without an error, and tells in the same file whether it can be so. */
function partitionSetting(partition: Partition, path: string): ActionSetting {
  return {
    attempt: `make ${path} a cpuset partition: ${partition}`,
    apply(directory) {
      const file = `${directory}/${PARTITION}`;
      control(path, file, partition, () => {
        const before = readControl(directory, PARTITION);
        writeControl(directory, PARTITION, partition);
        const answer = readControl(directory, PARTITION);
        if (answer === partition) return;
        // It would take the CPUs at any later moment at which they can be had.
        writeControl(directory, PARTITION, before.split(' ', 1)[0] ?? 'member');
        throw notPartition(`write ${partition} to ${file}`, { path, file, value: partition, answer });
      });
    },
  };
}

/** Other CPUs may be such that what was a partition cannot be one any more. */
function partitionCheck(target: Target): ActionSetting {
  const { path } = target;
  const undo = putBack('cpuset.cpus', target);
  return {
    attempt: `see whether ${path} is still a cpuset partition`,
    apply(directory) {
      const answer = readPartition(directory) ?? '';
      const file = `${directory}/${PARTITION}`;
      if (!answer.includes('invalid')) return;
      undo();
      throw notPartition(`change its CPUs`, { path, file, value: answer.split(' ', 1)[0] ?? '', answer });
    },
  };
}

function readPartition(directory: string): string | undefined {
  return ifThere(undefined, () => readControl(directory, PARTITION));
}

const PARTITION = 'cpuset.cpus.partition';

function control<T>(path: string, file: string, value: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw refusal(cause, { attempt: `limit ${path}: write ${value} to ${file}`, path, file, value });
  }
}

interface Answer {
  path: string;
  file: string;
  value: string;
  answer: string;
}

function notPartition(attempt: string, { path, file, value, answer }: Answer): CgroupError {
  const rule = 'its CPUs must be a part of those of the cgroup above, and of no other partition';
  const message = `cannot make ${path} a partition: ${attempt}: the kernel answers '${answer}'; ${rule}`;
  return new CgroupError('LIMIT_INVALID', message, { path, file, value });
}
