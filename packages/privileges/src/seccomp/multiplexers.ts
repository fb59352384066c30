/** Calls that 32-bit programs on x64 can also reach through one call for many: socketcall(2), ipc(2). */
import type { Condition } from './conditions.ts';

/** The call that stands for many, and the value of its first argument that means this one. */
export interface Detour {
  readonly through: string;
  readonly when: Condition;
}

/** Another way to a call on 32-bit x86, where there is one. Its arguments lie in memory there, where no filter sees them. */
export function detourTo(name: string): Detour | undefined {
  return detours.get(name);
}

// include/uapi/linux/net.h and ipc.h, in the order of their numbers
const sockets =
  'socket bind connect listen accept getsockname getpeername socketpair send recv sendto recvfrom shutdown setsockopt getsockopt sendmsg recvmsg accept4 recvmmsg sendmmsg';
const ipc = { semop: 1, semget: 2, semctl: 3, semtimedop: 4, msgsnd: 11, msgrcv: 12, msgget: 13, msgctl: 14 };
const memory = { shmat: 21, shmdt: 22, shmget: 23, shmctl: 24 };

const detours: ReadonlyMap<string, Detour> = new Map([
  ...sockets.split(' ').map((name, index) => [name, detour('socketcall', 0xffff_ffffn, index + 1)] as const),
  // The upper half of the number is a version, which the kernel cuts off.
  ...Object.entries({ ...ipc, ...memory }).map(([name, number]) => [name, detour('ipc', 0xffffn, number)] as const),
]);

function detour(through: string, mask: bigint, number: number): Detour {
  return { through, when: { index: 0, operator: 'masked', value: mask, masked: BigInt(number) } };
}
