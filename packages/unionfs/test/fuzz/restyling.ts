/** Changes of an archive that mean nothing. */
import { extendedHeader } from '@estiba/testkit/archive';
import { headers, inHeader } from './blocks.ts';
import type { Mutation } from './mutations.ts';
import type { Random } from './random.ts';

/** One to eight of them. */
export function restyled(base: Buffer, random: Random): Buffer {
  let bytes: Buffer = Buffer.from(base);
  for (let count = 1 + random.below(8); count > 0; count--) bytes = random.pick(harmless)(bytes, random);
  return bytes;
}

const harmless: readonly Mutation[] = [changeWhatFollows, changeNamesOfUsers, writeSumOtherwise, announceNothing];

/** Behind the end of the archive. */
function changeWhatFollows(bytes: Buffer, random: Random): Buffer {
  return Buffer.concat([bytes, random.bytes(random.below(1500))]);
}

function changeNamesOfUsers(bytes: Buffer, random: Random): Buffer {
  return inHeader(bytes, random, (at) => random.bytes(64).copy(bytes, at + 265));
}

function writeSumOtherwise(bytes: Buffer, random: Random): Buffer {
  const at = random.pick(headers(bytes));
  const digits = bytes.toString('latin1', at + 148, at + 154);
  bytes.write(random.pick([`${digits} \0`, `${digits}  `, `${digits}\0\0`, `0${digits}\0`]), at + 148, 'latin1');
  return bytes;
}

/** Not between an entry and what was said before it. */
function announceNothing(bytes: Buffer, random: Random): Buffer {
  const said = extendedHeader('g', { comment: random.bytes(5), 'SCHILY.fflags': 'nodump', atime: '1.5' });
  return Buffer.concat([said, bytes]);
}
