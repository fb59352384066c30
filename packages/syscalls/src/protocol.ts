/**
 * What a launched program says to its parent, over one socket:
 *
 *     parent                              program
 *       | --------- the program ---------> |
 *       | <-------- child(pid) ----------- |   it goes on in a child of that number   (0 to 2 times)
 *       | <-------- pause(n) ------------- |   it waits
 *       | ---------- answer -------------> |   size known to both
 *       | <-------- fail(op, errno, text)  |   it has ended
 *       | <-------- end of stream -------- |   execve closed the socket: the command runs
 *
 * A record is 24 bytes: magic, type, value, errno, pid, size of the text that follows; little endian. In place of the
 * error number, `child` and `pause` have the number of the hop: a child may speak before its parent has told of it.
 */
export const RECORD_SIZE = 24;
export const RECORD = { fail: 1, child: 2, pause: 3 } as const;
const MAGIC = 0x42545345;
/** What the interpreter cuts its texts to. */
const MAX_TEXT = 1024;

export interface Record {
  readonly type: number;
  readonly value: number;
  readonly errno: number;
  readonly pid: number;
  readonly text: Buffer;
}

export function writeRecord(type: number, value = 0, hop = 0): Buffer {
  const record = Buffer.alloc(RECORD_SIZE);
  record.writeUInt32LE(MAGIC, 0);
  record.writeUInt32LE(type, 4);
  record.writeInt32LE(value, 8);
  record.writeInt32LE(hop, 12);
  return record;
}

/** Takes whole records off the front of what has arrived; returns them and the rest. */
export function readRecords(bytes: Buffer): { records: Record[]; rest: Buffer } {
  const records: Record[] = [];
  let rest = bytes;
  while (rest.length >= RECORD_SIZE) {
    if (rest.readUInt32LE(0) !== MAGIC || rest.readUInt32LE(20) > MAX_TEXT)
      throw new Error('the launched process said something that is not a record of the protocol');
    const end = RECORD_SIZE + rest.readUInt32LE(20);
    if (rest.length < end) break;
    records.push({
      type: rest.readUInt32LE(4),
      value: rest.readInt32LE(8),
      errno: rest.readInt32LE(12),
      pid: rest.readInt32LE(16),
      text: rest.subarray(RECORD_SIZE, end),
    });
    rest = rest.subarray(end);
  }
  return { records, rest };
}
