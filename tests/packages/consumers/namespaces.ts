// A shell that is process 1 and root of its own, on a host of its own; as anybody.
import { isolate } from '@estiba/namespaces';

const shell = await isolate(['sh', '-c', 'echo "process $$, user $(id -u), host $(hostname)"'], {
  namespaces: ['user', 'pid', 'mount', 'uts'],
  hostname: 'box',
  stdio: ['ignore', 'inherit', 'inherit'],
});
console.log(JSON.stringify(await shell.wait()));
