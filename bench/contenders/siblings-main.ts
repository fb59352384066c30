/** Makes cgroups with limits in a folder, or removes them: in a process of its own, whose garbage is nobody else's. */
import { Cgroup, type Limits } from '@estiba/cgroups';

const [action, folder, count, limits] = process.argv.slice(2) as ['make' | 'remove', string, string, string];
const wanted = JSON.parse(limits) as Limits;

for (let number = 0; number < Number(count); number++) {
  const path = `${folder}/${number}`;
  if (action === 'make') await Cgroup.create(path, wanted);
  else await (await Cgroup.open(path)).remove();
}
