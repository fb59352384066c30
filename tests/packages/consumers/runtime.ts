// A container on this machine's own files, which it cannot change.
import { run } from '@estiba/runtime';

const container = await run(['sh', '-c', 'echo "process $$ on $(cat /etc/hostname)"; touch /etc/mark || exit 4'], {
  rootfs: '/',
  readonly: true,
  hostname: 'box',
  limits: { pids: { max: 32 } },
  stdio: ['ignore', 'inherit', 'ignore'],
});
console.log(JSON.stringify(await container.wait()));
