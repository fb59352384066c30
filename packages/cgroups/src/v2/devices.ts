import { Fd } from '@estiba/syscalls';
import type { Controller } from '../controller.ts';
import { type CheckedDevices, isUnlimited } from '../controllers/devices.ts';
import { errnoOf } from '../refusal.ts';
import { attachedPrograms, attachProgram, detachProgram, loadDeviceProgram, openProgram, programName } from './bpf.ts';
import { deviceProgram } from './device-program.ts';
import { cannotAttach, cannotList, cannotLoad } from './device-refusal.ts';

/**
 * v2 has no files for devices: a program on the cgroup decides, and those of the cgroups above, which all have to
 * agree. It goes with the cgroup. https://docs.kernel.org/admin-guide/cgroup-v2.html#device-controller
 */
export const devicesSettings: Controller<CheckedDevices> = (devices, { path, fresh }) => {
  if (isUnlimited(devices)) {
    if (fresh) return [];
    const apply = (directory: string) => inCgroup(directory, path, (cgroup) => exchange(cgroup, undefined));
    return [{ attempt: `lift the device limits of ${path}`, apply }];
  }
  const instructions = deviceProgram(devices);
  return [{ attempt: `limit devices of ${path}`, apply: (directory) => limit(directory, path, instructions, fresh) }];
};

/** The programs of this cgroup, those of others too. CAP_SYS_ADMIN */
export function readPrograms(directory: string, path: string): { id: number; name: string }[] {
  try {
    using cgroup = Fd.open(directory);
    return attachedPrograms(cgroup).flatMap((id) => {
      using program = openProgram(id);
      return program === undefined ? [] : [{ id, name: programName(program) }];
    });
  } catch (cause) {
    throw cannotList(cause, path, directory);
  }
}

function limit(directory: string, path: string, instructions: Uint8Array, fresh: boolean): void {
  const program = loadDeviceProgram(instructions, NAME);
  if (!(program instanceof Fd)) throw cannotLoad(program, path, directory);
  using _ = program;
  inCgroup(directory, path, (cgroup) => (fresh ? attachProgram(cgroup, program) : exchange(cgroup, program)));
}

/** By this name we know ours among those of others, such as systemd. */
const NAME = 'estiba_devices';

function inCgroup(directory: string, path: string, change: (cgroup: Fd) => void): void {
  try {
    using cgroup = Fd.open(directory);
    change(cgroup);
  } catch (cause) {
    throw cannotAttach(cause, path, directory);
  }
}

/** The new program in place of ours that are there; at no moment is more allowed than before or than then. */
export function exchange(cgroup: Fd, program: Fd | undefined, attach = attachProgram): void {
  for (let attempts = 1; ; attempts++) {
    const ours = openOurs(attachedPrograms(cgroup));
    try {
      const left = program === undefined ? ours : replaceFirst(cgroup, program, ours, attach);
      for (const each of left) detachProgram(cgroup, each);
      return;
    } catch (error) {
      // Somebody else has exchanged it since it was looked for.
      if (errnoOf(error) !== 'ENOENT' || attempts === 3) throw error;
    } finally {
      for (const each of ours) each.close();
    }
  }
}

/** The caller's to close. */
export function openOurs(ids: readonly number[], open = openProgram, nameOf = programName): Fd[] {
  const ours: Fd[] = [];
  const others: Fd[] = [];
  try {
    for (const id of ids) {
      const program = open(id);
      if (program === undefined) continue;
      others.push(program);
      if (nameOf(program) === NAME) ours.push(others.pop() as Fd);
    }
    return ours;
  } catch (error) {
    others.push(...ours);
    throw error;
  } finally {
    for (const each of others) each.close();
  }
}

/** Returns those that are still to be detached: more than one, if somebody was killed between two calls. */
function replaceFirst(cgroup: Fd, program: Fd, ours: readonly Fd[], attach: typeof attachProgram): readonly Fd[] {
  const [first, ...others] = ours;
  try {
    attach(cgroup, program, first);
    return others;
  } catch (error) {
    // Before Linux 5.6 both are in force for a moment.
    if (first === undefined || errnoOf(error) !== 'EINVAL') throw error;
    attach(cgroup, program);
    return ours;
  }
}
