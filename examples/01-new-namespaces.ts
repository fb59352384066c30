// A shell that is process 1, has its own host name, and sees nobody else.
// Run it as root; or as anybody, with 'user' added to the namespaces.
import { isolate } from '@estiba/namespaces';

const shell = await isolate(['sh', '-c', 'echo "I am process $$ on $(hostname)"; ps aux'], {
  namespaces: ['pid', 'mount', 'uts', 'ipc'],
  hostname: 'box',
  stdio: 'inherit',
});

const { exitCode } = await shell.wait();
process.exitCode = exitCode ?? 1;
