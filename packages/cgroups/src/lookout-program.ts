import { at, attempt, out, type Program, patch, syscall } from '@estiba/syscalls';

/*
 * What the process of the lookout does, with the epoll instance as 0 and the pipe as 1. Each turn writes a record, less
 * than PIPE_BUF, so whole or not at all:
 *
 *   how many (8)  |  struct epoll_event × 32, of which the first so many are meant
 */

const EVENTS = 32;
/** struct epoll_event is packed on x64 alone; the number that was given with a descriptor is in its last word but one. */
const isPacked = process.arch === 'x64';
const [EVENT, ID] = isPacked ? [12, 4] : [16, 8];

export const RECORD = 8 + EVENTS * EVENT;

/** The numbers of the descriptors that had something new. */
export function readIds(record: Buffer): number[] {
  const count = record.readInt32LE(0);
  return Array.from({ length: count }, (_, index) => record.readUInt32LE(8 + index * EVENT + ID));
}

export function epollEvent(events: number, id: number): Buffer {
  const event = Buffer.alloc(EVENT);
  event.writeUInt32LE(events >>> 0, 0);
  event.writeUInt32LE(id, ID);
  return event;
}

/** Nobody's number: of the pipe, whose reader is gone. */
const PIPE = 0;
const [EPOLL_CTL_ADD, EPOLLERR] = [1, 8];

/** A program has no loops: when it has had its turns it ends, and is started again. */
const TURNS = 100;
/** Of nanoseconds between them, so that a storm of events is one record every so often. */
const REST = 2_000_000;

export const program: Program = [
  // The socket of the launcher too: by its end `launch` knows that the start is over.
  syscall('close_range', 3, 0xffffffff, 0),
  syscall('epoll_ctl', 0, EPOLL_CTL_ADD, 1, epollEvent(EPOLLERR, PIPE)),
  turns(),
];

function turns(): Program {
  const record = out(RECORD);
  const rest = Buffer.alloc(16);
  rest.writeBigInt64LE(BigInt(REST), 8);
  return Array.from({ length: TURNS }, () => {
    const wait = syscall('epoll_pwait', 0, at(record, 8), EVENTS, -1, undefined, 8);
    const turn = [wait, patch(record, 0, wait, 8), syscall('write', 1, record, RECORD)];
    // A stop and a continuation interrupt the waiting. signal(7)
    return attempt([...turn, syscall('nanosleep', rest, undefined)], ['EINTR']);
  });
}
