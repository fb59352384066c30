/** Ways in which an archive can come to be another one. Each takes a copy that is its own, and may give back a new one. */
import { base256, extendedHeader, longName } from '@estiba/testkit/archive';
import { beforeHeader, headers, inHeader } from './blocks.ts';
import type { Random } from './random.ts';
import { flags, keys, mapped, names, numbers, numeric, valuesOf } from './values.ts';

export type Mutation = (bytes: Buffer, random: Random) => Buffer;

/** One to three changes, of which nobody knows what comes out. */
export function mutated(base: Buffer, random: Random): Buffer {
  let bytes: Buffer = Buffer.from(base);
  for (let count = 1 + random.below(3); count > 0; count--) {
    if (bytes.length >= 512) bytes = random.pick(mutations)(bytes, random);
  }
  return bytes;
}

/** Changes of bytes of any kind, for what is compressed. */
export function damaged(base: Buffer, random: Random): Buffer {
  const bytes = Buffer.from(base);
  return random.pick([flipBits, overwrite, cutOff, dropBytes])(bytes, random);
}

/** What leaves the blocks in their order comes to the deeper rules most times, and so comes more often. */
const mutations: readonly Mutation[] = [
  ...[flipBits, overwrite, cutOff, swapBlocks, repeatBlock, removeBlock, clearBlock, insertGarbage],
  ...[changeHeaderByte, changeHeaderByte, changeDigit, changeDigit, changeDigit, announceName, announceName],
  ...Array<Mutation>(7).fill(changeField),
  ...Array<Mutation>(5).fill(moveEntry),
  ...Array<Mutation>(7).fill(announceRecords),
];

function flipBits(bytes: Buffer, random: Random): Buffer {
  for (let count = 1 + random.below(3); count > 0; count--) {
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
  }
  return bytes;
}

function overwrite(bytes: Buffer, random: Random): Buffer {
  random.bytes(1 + random.below(40)).copy(bytes, random.below(bytes.length));
  return bytes;
}

function cutOff(bytes: Buffer, random: Random): Buffer {
  return bytes.subarray(0, random.below(bytes.length));
}

function dropBytes(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length);
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(20))]);
}

function changeHeaderByte(bytes: Buffer, random: Random): Buffer {
  return inHeader(bytes, random, (at) => {
    bytes[at + random.below(512)] = random.below(256);
  });
}

function changeField(bytes: Buffer, random: Random): Buffer {
  return inHeader(bytes, random, (at) => {
    const put = (from: number, length: number, value: string | Buffer) => {
      const field = Buffer.alloc(length);
      Buffer.from(value).copy(field);
      field.copy(bytes, at + from);
    };
    const what = random.below(5);
    if (what === 0) put(156, 1, random.pick(flags));
    else if (what === 1) put(0, 100, random.pick(names));
    else if (what === 2) put(157, 100, random.pick(names));
    else if (what === 3) put(257, 8, random.pick(['ustar\x0000', 'ustar  \0', '', 'ustar']));
    else {
      const [from, length] = random.pick(numeric);
      const large = base256(BigInt(random.pick([-1, -512, 2 ** 31, 2 ** 32 - 1, 2 ** 40, 2 ** 53])), length);
      put(from, length, random.below(3) === 0 ? large : random.pick(numbers));
    }
  });
}

function swapBlocks(bytes: Buffer, random: Random): Buffer {
  const [one, other] = [block(bytes, random), block(bytes, random)];
  const kept = Buffer.from(bytes.subarray(one, one + 512));
  bytes.copyWithin(one, other, other + 512);
  kept.copy(bytes, other);
  return bytes;
}

function repeatBlock(bytes: Buffer, random: Random): Buffer {
  const [from, to] = [block(bytes, random), block(bytes, random)];
  return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from, from + 512), bytes.subarray(to)]);
}

function removeBlock(bytes: Buffer, random: Random): Buffer {
  const at = block(bytes, random);
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 512)]);
}

function clearBlock(bytes: Buffer, random: Random): Buffer {
  const at = block(bytes, random);
  return bytes.fill(0, at, at + 512);
}

function insertGarbage(bytes: Buffer, random: Random): Buffer {
  const at = block(bytes, random);
  return Buffer.concat([bytes.subarray(0, at), random.bytes(512), bytes.subarray(at)]);
}

/** To somewhere else, or to there too. */
function moveEntry(bytes: Buffer, random: Random): Buffer {
  const heads = headers(bytes);
  if (heads.length < 3) return bytes;
  const which = random.below(heads.length - 1);
  const [from, to] = [heads[which] as number, heads[which + 1] as number];
  const entry = bytes.subarray(from, to);
  const rest = random.below(2) === 0 ? bytes : Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  const at = random.pick(headers(rest));
  return Buffer.concat([rest.subarray(0, at), entry, rest.subarray(at)]);
}

/** Of an extended header or a map, most times. */
function changeDigit(bytes: Buffer, random: Random): Buffer {
  const from = random.below(bytes.length);
  for (let at = from; at < Math.min(bytes.length, from + 4096); at++) {
    const byte = bytes[at] as number;
    if (byte < 0x30 || byte > 0x39 || random.below(8) > 0) continue;
    bytes[at] = 0x30 + random.below(12) - 1;
    return bytes;
  }
  return bytes;
}

function announceRecords(bytes: Buffer, random: Random): Buffer {
  const chosen = random.below(3) === 0 ? random.pick(mapped) : [random.pick(keys), random.pick(keys)];
  const records = chosen.map((key) => {
    return [key, random.pick(valuesOf(key))] as const;
  });
  const fixed = chosen.includes('GNU.sparse.major') ? { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0' } : {};
  const said = { ...Object.fromEntries(records), ...fixed };
  return beforeHeader(bytes, random, extendedHeader(random.pick(['x', 'x', 'x', 'x', 'x', 'X', 'g']), said));
}

function announceName(bytes: Buffer, random: Random): Buffer {
  return beforeHeader(bytes, random, longName(random.pick(['L', 'K']), random.pick(names)));
}

function block(bytes: Buffer, random: Random): number {
  return random.below(Math.floor(bytes.length / 512)) * 512;
}
