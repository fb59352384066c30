/**
 * The doorway into the kernel: one function of our own shared object, called through ffi-rs with one address.
 *
 * ffi-rs aborts the process on a wrong type code and reads errno too late, so nothing else goes through it except
 * posix_spawn (spawn.ts): types are fixed here, and the raw result of a system call comes back in the program's slots.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { platformArch, requireLinux } from './platform.ts';

const require = createRequire(import.meta.url);
export type Ffi = typeof import('ffi-rs');

interface Library {
  readonly ffi: Ffi;
  /** One for all calls: making the description anew takes longer than the call. */
  readonly perform: Parameters<Ffi['load']>[0] & { paramsValue: number[] };
}

const LIBRARY = 'estiba-interpreter';
let library: Library | undefined;

/** Run the job at this address (job.ts). 0: done, 1: a call failed, 2: refused as malformed. */
export function performNative(address: number): number {
  const { ffi, perform } = open();
  perform.paramsValue[0] = address;
  return ffi.load(perform) as number;
}

/** Where a buffer's bytes are. The buffer must be kept alive, and not be resized, for as long as the address is used. */
export function addressOf(buffer: Buffer): number {
  const { ffi } = open();
  // Addresses have 47 bits, so they are exact as numbers.
  return ffi.load({
    library: LIBRARY,
    funcName: 'estiba_address',
    retType: ffi.DataType.I64,
    paramsType: [ffi.DataType.U8Array],
    paramsValue: [buffer],
  }) as number;
}

/** ffi-rs itself; loaded on first use, so that importing this package costs nothing and works on every platform. */
export function loadFfi(): Ffi {
  // Loaded by a worker only, ffi-rs crashes the process when that worker ends (rust-lang/rust#91979).
  if (!isMainThread && !readFileSync('/proc/self/maps', 'latin1').includes('ffi-rs')) {
    throw new Error(
      'cannot load ffi-rs first in a worker thread: call preload() of @estiba/syscalls on the main thread before',
    );
  }
  try {
    return require('ffi-rs') as Ffi;
  } catch (cause) {
    throw loadingFailed('ffi-rs', cause);
  }
}

/** Otherwise done by the first call. */
export function openNative(): void {
  open();
}

/** The folder that the package's build filled for this architecture. */
export function nativeFile(name: 'launcher' | 'interpreter.so'): string {
  const file = fileURLToPath(new URL(`../native/linux-${platformArch()}/${name}`, import.meta.url));
  if (!existsSync(file)) throw new Error(`cannot find ${file}: run the build of @estiba/syscalls (needs cc)`);
  return file;
}

function open(): Library {
  if (library !== undefined) return library;
  requireLinux('run system calls');
  const ffi = loadFfi();
  try {
    ffi.open({ library: LIBRARY, path: nativeFile('interpreter.so') });
  } catch (cause) {
    throw loadingFailed('the interpreter', cause);
  }
  const perform = {
    library: LIBRARY,
    funcName: 'estiba_perform',
    retType: ffi.DataType.I32,
    paramsType: [ffi.DataType.I64],
    paramsValue: [0],
    freeResultMemory: false,
  };
  library = { ffi, perform };
  return library;
}

/** What was behind it, and what to do where that is known. */
export function loadingFailed(what: string, cause: unknown): Error {
  // Of a module that is missing Node adds who required it, line by line.
  const [reason = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
  const remedy = loadingRemedies.find(([pattern]) => pattern.test(reason))?.[1];
  return new Error([`cannot load ${what}: ${reason}`, remedy].filter(Boolean).join('; '), { cause });
}

const loadingRemedies: readonly (readonly [RegExp, string])[] = [
  // Node's own addons are refused like that too, and it takes one to make memory to load from instead. mmap(2), EPERM
  [
    // The C library names the error or, in newer versions, does not; where it names another one, such as ENOMEM, it is that.
    /failed to map segment from shared object(?!: (?!Operation not permitted))/,
    'on a file system mounted noexec nothing can be loaded: install elsewhere, or remount it exec',
  ],
  [
    /Cannot find module '@yuuang\//,
    'it comes as an optional dependency for each platform: install without --omit=optional',
  ],
];
