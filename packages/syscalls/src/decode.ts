/** A call as strace would print it: flags by name, strings quoted, structures by their fields. */
import { Fd } from './fd.ts';
import type { FlagTable } from './flags.ts';
import type { Arg, Call, Out } from './program.ts';
import { type Parameter, parametersOf } from './signatures.ts';
import { choices, fileTypes, flagTables } from './tables/constants.ts';

const MAX_TEXT = 512;
/** Of a list of strings. */
const MAX_STRINGS = 32;

/** How results and memory are called where several calls are printed together. */
export interface Names {
  /** `$1`; undefined for what has no name. */
  of(thing: Call | Out): string | undefined;
}

export function decodeCall(call: Call, names?: Names): string {
  const parameters = parametersOf(call.name);
  const args = call.args.map((arg, index) => decodeArg(call, arg, parameters[index], names));
  return `${call.name}(${args.join(', ')})`;
}

/** An argument without knowing what it is for. */
export function decodeValue(arg: Arg, names?: Names): string {
  return decodeArg({ name: '', args: [] }, arg, { name: '', type: 'number' }, names);
}

function decodeArg(call: Call, arg: Arg, parameter: Parameter | undefined, names?: Names): string {
  const type = parameter?.type ?? '';
  if (typeof arg === 'string') return decodeText(arg);
  if (arg === undefined) return type === '' || type === 'path' || type === 'strings' ? 'NULL' : '0';
  if (typeof arg === 'number' || typeof arg === 'bigint') return decodeNumber(arg, type);
  if (arg instanceof Uint8Array) return decodeBytes(arg);
  if (arg instanceof Fd) return String(arg.number);
  if ('out' in arg) return names?.of(arg) ?? `<${arg.out} bytes>`;
  if ('at' in arg) return decodePlace(arg.at, arg.offset, names);
  if ('words' in arg) return decodeWords(call, arg.words, parameter, names);
  return names?.of(arg) ?? ('load' in arg ? '<read above>' : `<${arg.name}>`);
}

/** Cut as strace does, only later: messages are for reading, and arguments can be megabytes. */
function decodeText(text: string): string {
  return text.length <= MAX_TEXT ? JSON.stringify(text) : `${JSON.stringify(text.slice(0, MAX_TEXT))}...`;
}

export function decodePlace(memory: Out, offset: number, names?: Names): string {
  const name = names?.of(memory) ?? `<${memory.out} bytes>`;
  return offset === 0 ? name : `${name}+${offset}`;
}

function decodeNumber(value: number | bigint, type: string): string {
  const number = Number(value);
  const choice = choices[type]?.[number];
  if (choice !== undefined) return choice;
  switch (type) {
    case 'octal':
      return number === 0 ? '0' : `0${value.toString(8)}`;
    case 'mode':
      return decodeMode(number);
    case 'device':
      return `makedev(${(number >>> 8) & 0xfff}, ${(number & 0xff) | ((number >>> 12) & 0xfff00)})`;
    case 'hex':
    case 'ioctl':
      return number === 0 ? '0' : `0x${value.toString(16)}`;
    case 'open':
      return decodeOpenFlags(number);
    case 'socket':
      return decodeSocketType(number);
    default:
      return flagTables[type] === undefined ? String(value) : decodeFlags(type, number);
  }
}

/** Text as text, the rest by its size. */
function decodeBytes(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString();
  const printable = bytes.length <= 80 && /^[\x20-\x7e\n\t]*\0?$/.test(text);
  return printable ? JSON.stringify(text.replace(/\0$/, '')) : `<${bytes.length} bytes>`;
}

function decodeWords(call: Call, values: readonly Arg[], parameter: Parameter | undefined, names?: Names): string {
  const fields = structures[call.name];
  if (fields !== undefined) {
    const [first] = fields;
    const shown = fields.flatMap((field, index) => {
      const value = values[index];
      // What is not set is not worth a word, but something has to be there.
      return isZero(value) && field !== first ? [] : [`${field.name}=${decodeArg(call, value, field, names)}`];
    });
    return `{${shown.join(', ')}}`;
  }
  const strings = parameter?.type === 'strings';
  // The list ends with NULL, which says nothing.
  const shown = (strings ? values.slice(0, -1) : values).map((value) =>
    decodeArg(call, value, { name: '', type: strings ? 'path' : 'number' }, names),
  );
  if (parameter?.name === 'envp' && shown.length > 4) return `[${shown.length} variables]`;
  const more = shown.length - MAX_STRINGS;
  return more > 0 ? `[${shown.slice(0, MAX_STRINGS).join(', ')}, and ${more} more]` : `[${shown.join(', ')}]`;
}

function isZero(value: Arg): boolean {
  return value === undefined || value === 0 || value === 0n;
}

/** Structures that calls point to, all of whose fields are 64 bits wide. */
const structures: Readonly<Record<string, readonly Parameter[]>> = {
  openat2: [
    { name: 'flags', type: 'open' },
    { name: 'mode', type: 'octal' },
    { name: 'resolve', type: 'resolve' },
  ],
  mount_setattr: [
    { name: 'set', type: 'mount_attr' },
    { name: 'clear', type: 'mount_attr' },
    { name: 'propagation', type: 'mount' },
    { name: 'userns', type: 'number' },
  ],
  prlimit64: [
    { name: 'soft', type: 'number' },
    { name: 'hard', type: 'number' },
  ],
};

function decodeMode(value: number): string {
  const type = fileTypes[value & 0o170000];
  const rest = `0${(value & 0o7777).toString(8)}`;
  return type === undefined ? rest : `${type}|${rest}`;
}

function decodeOpenFlags(value: number): string {
  const access = ['O_RDONLY', 'O_WRONLY', 'O_RDWR'][value & 3] ?? '3';
  const rest = value & ~3;
  return rest === 0 ? access : `${access}|${decodeFlags('openRest', rest)}`;
}

function decodeSocketType(value: number): string {
  const kind =
    ['0', 'SOCK_STREAM', 'SOCK_DGRAM', 'SOCK_RAW', '4', 'SOCK_SEQPACKET'][value & 0xf] ?? String(value & 0xf);
  const [NONBLOCK, CLOEXEC] = [0o4000, 0o2000000];
  return [kind, value & NONBLOCK && 'SOCK_NONBLOCK', value & CLOEXEC && 'SOCK_CLOEXEC'].filter(Boolean).join('|');
}

function decodeFlags(type: string, value: number): string {
  if (value === 0) return '0';
  const names: string[] = [];
  let rest = value;
  for (const [name, bit] of Object.entries(flagTables[type] as FlagTable)) {
    if (bit !== 0 && (rest & bit) === bit) {
      names.push(name);
      rest &= ~bit;
    }
  }
  if (rest !== 0) names.push(`0x${(rest >>> 0).toString(16)}`);
  return names.join('|');
}
