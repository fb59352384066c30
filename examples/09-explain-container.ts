// What a container is: every system call that `run` would make for it, in order.
// Nothing is executed; it takes root only to open the root file system.
import { containerSteps, planContainer } from '@estiba/runtime';
import { explain } from '@estiba/syscalls';

using plan = await planContainer(['/bin/sh'], { rootfs: '/', hostname: 'box' });
console.log(explain(containerSteps(plan)));
