import { CgroupError } from './cgroup-error.ts';
import { writeControl } from './control-file.ts';
import { type Membership, pathIn, readMemberships } from './membership.ts';
import { type Place, placeIn } from './place.ts';
import { checkPid } from './processes.ts';
import { errnoOf, refusal } from './refusal.ts';

export function moveProcess(pid: number, places: readonly Place[], path: string): void {
  checkPid(pid);
  migrate(pid, `process ${pid}`, places, path, () => 'cgroup.procs');
}

export function moveThread(tid: number, places: readonly Place[], path: string): void {
  checkPid(tid);
  migrate(tid, `thread ${tid}`, places, path, (version) => (version === 2 ? 'cgroup.threads' : 'tasks'));
}

/** Whether it is now in that hierarchy where it was `before`. */
export function moveBack(pid: number, place: Place, before: readonly Membership[]): boolean {
  return goesBack(pid, place, before, () => 'cgroup.procs');
}

type FileOf = (version: 1 | 2) => string;

/**
 * Each hierarchy may refuse by itself. What was limited here in some and elsewhere in others would be limited by nobody's
 * choice: it goes back to where it was, and where that fails the error says so.
 */
function migrate(id: number, name: string, places: readonly Place[], path: string, fileOf: FileOf): void {
  const before = places.length === 1 ? [] : membershipsOf(id);
  const moved: Place[] = [];
  for (const place of places) {
    const file = fileOf(place.hierarchy.version);
    try {
      writeControl(place.directory, file, String(id));
      moved.push(place);
    } catch (cause) {
      const stuck = moved.reverse().filter((each) => !goesBack(id, each, before, fileOf));
      const where = stuck.length === 0 ? '' : ` (it is in ${stuck.map(({ directory }) => directory).join(', ')} now)`;
      const full = `${place.directory}/${file}`;
      const attempt = `move ${name} into ${path}${where}: write to ${full}`;
      throw refusal(cause, { attempt, path, file: full, value: `${id}` });
    }
  }
}

/** None where /proc is hidden; of who has ended the kernel tells by itself. */
export function membershipsOf(id: number): Membership[] {
  try {
    return readMemberships(id);
  } catch (error) {
    if (error instanceof CgroupError) return [];
    throw error;
  }
}

function goesBack(id: number, { hierarchy }: Place, before: readonly Membership[], fileOf: FileOf): boolean {
  const origin = pathIn(hierarchy, before);
  if (origin === undefined) return false;
  try {
    writeControl(placeIn(hierarchy, origin).directory, fileOf(hierarchy.version), String(id));
    return true;
  } catch (error) {
    // Who has ended meanwhile is nowhere.
    return errnoOf(error) === 'ESRCH';
  }
}
