import { describe, expect, it } from 'vitest';
import { RECORD, type Record, readRecords, writeRecord } from '../src/protocol.ts';

function record(type: number, value: number, errno = 0, text = ''): Buffer {
  const bytes = Buffer.concat([writeRecord(type, value), Buffer.from(text)]);
  bytes.writeInt32LE(errno, 12);
  bytes.writeInt32LE(42, 16);
  bytes.writeUInt32LE(Buffer.byteLength(text), 20);
  return bytes;
}

const stream = Buffer.concat([
  record(RECORD.child, 1234),
  record(RECORD.pause, 0),
  record(RECORD.fail, 7, 13, 'e overlay: no'),
]);
const expected = [
  { type: RECORD.child, value: 1234, errno: 0, pid: 42, text: '' },
  { type: RECORD.pause, value: 0, errno: 0, pid: 42, text: '' },
  { type: RECORD.fail, value: 7, errno: 13, pid: 42, text: 'e overlay: no' },
];
const plain = (records: Record[]) => records.map((each) => ({ ...each, text: each.text.toString() }));

describe('records', () => {
  it('are read from one piece', () => {
    const { records, rest } = readRecords(stream);
    expect(plain(records)).toEqual(expected);
    expect(rest).toHaveLength(0);
  });

  it('are the same wherever the stream is cut', () => {
    for (let cut = 0; cut <= stream.length; cut++) {
      const first = readRecords(stream.subarray(0, cut));
      const second = readRecords(Buffer.concat([first.rest, stream.subarray(cut)]));
      expect(plain([...first.records, ...second.records]), `cut at ${cut}`).toEqual(expected);
      expect(second.rest).toHaveLength(0);
    }
  });

  it('are the same byte by byte', () => {
    let rest = Buffer.alloc(0);
    const records: Record[] = [];
    for (const byte of stream) {
      const read = readRecords(Buffer.concat([rest, Buffer.from([byte])]));
      records.push(...read.records);
      rest = Buffer.from(read.rest);
    }
    expect(plain(records)).toEqual(expected);
  });

  it('begin with the magic number, or are none', () => {
    expect(() => readRecords(Buffer.alloc(24, 'x'))).toThrow(/not a record of the protocol/);
  });

  it('have a text of limited size', () => {
    const bytes = writeRecord(RECORD.fail);
    bytes.writeUInt32LE(0xffffffff, 20);
    expect(() => readRecords(bytes)).toThrow(/not a record of the protocol/);
  });
});
