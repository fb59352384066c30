import { label, type Step, writeFile } from '@estiba/syscalls';
import { PrivilegesError } from './errors.ts';

/**
 * How readily the kernel kills this process when memory runs out: -1000 never, 1000 first. proc_pid_oom_score_adj(5)
 *
 * Lowering it needs CAP_SYS_RESOURCE. An early step, while /proc is still the host's: a container's own /proc may be anything.
 *
 * @throws PrivilegesError `OOM_SCORE_INVALID`
 */
export function oomScoreAdj(score: number): Step[] {
  if (!Number.isInteger(score) || score < -1000 || score > 1000) {
    throw new PrivilegesError('OOM_SCORE_INVALID', `cannot set the oom score to ${score}: it is from -1000 to 1000`);
  }
  return [label(`set the oom score to ${score}`, writeFile('/proc/self/oom_score_adj', String(score)))];
}
