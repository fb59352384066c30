import { attempt, label, type Step, writeFile } from '@estiba/syscalls';
import { PrivilegesError } from './errors.ts';
import { prctl } from './prctl.ts';

/**
 * How readily the kernel kills this process when memory runs out: -1000 never, 1000 first. proc_pid_oom_score_adj(5)
 *
 * Lowering it needs CAP_SYS_RESOURCE, raising it nothing. An early step, while /proc is still the host's: a container's
 * own /proc may be anything. For a process to launch: `perform` refuses it, as it hides and shows the process for a moment;
 * this process writes to /proc/self/oom_score_adj itself.
 *
 * @throws PrivilegesError `OOM_SCORE_INVALID`
 */
export function oomScoreAdj(score: number): Step[] {
  if (!Number.isInteger(score) || score < -1000 || score > 1000) {
    throw new PrivilegesError('OOM_SCORE_INVALID', `cannot set the oom score to ${score}: it is from -1000 to 1000`);
  }
  return [label(`set the oom score to ${score}`, asOwner(writeFile('/proc/self/oom_score_adj', String(score))))];
}

/**
 * A launched process hides from others: it is not dumpable, and its files in /proc are root's. For a moment they are its
 * own; then it is what it was, or hidden where the kernel had made it so (2 cannot be set). PR_SET_DUMPABLE(2const)
 */
function asOwner(steps: Step[]): Step[] {
  const before = prctl('GET_DUMPABLE', 0);
  return [
    before,
    prctl('SET_DUMPABLE', 1),
    ...steps,
    prctl('SET_DUMPABLE', 0),
    attempt([prctl('SET_DUMPABLE', before)], ['EINVAL']),
  ];
}
