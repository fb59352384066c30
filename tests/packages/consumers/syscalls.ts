// Says what is going to happen, and lets it happen in a process of its own.
import { execve, explain, launch } from '@estiba/syscalls';

const program = [execve('/bin/sh', ['sh', '-c', 'echo launched; exit 3'])];
console.log(explain(program));

const child = await launch(program, { stdio: ['ignore', 'inherit', 'inherit'] });
console.log(JSON.stringify(await child.wait()));
