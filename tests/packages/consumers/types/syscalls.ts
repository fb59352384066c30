import { type Child, execve, launch, type Program, perform, SyscallError, syscall } from '@estiba/syscalls';

const getpid = syscall('getpid');
export const program: Program = [getpid, [execve('/bin/true', ['true'], { PATH: '/bin' })]];
export const pid: number = perform(program).of(getpid);
export const child: Promise<Child> = launch(program, { stdio: 'ignore', at: { ready: ({ pid }) => console.log(pid) } });
export const code = (error: unknown): string | undefined =>
  error instanceof SyscallError ? `${error.code} ${error.errno.toFixed()}` : undefined;

// @ts-expect-error a command is a list of arguments
execve('/bin/true', 'true');
// @ts-expect-error no such way to connect the streams
launch(program, { stdio: 'nowhere' });
// @ts-expect-error a result is a number
export const text: string = perform(program).of(getpid);
