/**
 * A file as a block device, for kernels and file systems whose files cannot be mounted themselves (tmpfs; before Linux
 * 6.12). loop(4)
 *
 *     struct loop_config: fd, block size | struct loop_info64: … flags … | reserved
 */
import { closeSync, constants, openSync } from 'node:fs';
import { perform, syscall } from '@estiba/syscalls';

const LOOP_CTL_GET_FREE = 0x4c82;
const LOOP_CONFIGURE = 0x4c0a;
const configSize = 304;
const flagsAt = 8 + 52;
/** Read-only, and gone with whoever uses it last: a crash leaves none behind. */
const flags = 1 | 4;
const attempts = 20;

export class LoopDevice implements Disposable {
  readonly path: string;
  readonly #fd: number;

  private constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  /** Needs Linux 5.8, root of the machine, and /dev/loop-control. It stays until this is disposed of and nothing mounts it. */
  static attach(file: string): LoopDevice {
    const backing = openSync(file, constants.O_RDONLY);
    let control = -1;
    try {
      control = openSync('/dev/loop-control', constants.O_RDWR);
      for (let attempt = 1; ; attempt++) {
        const free = syscall('ioctl', control, LOOP_CTL_GET_FREE, 0);
        const path = `/dev/loop${perform([free]).of(free)}`;
        const fd = openSync(path, constants.O_RDONLY);
        try {
          perform([syscall('ioctl', fd, LOOP_CONFIGURE, config(backing))]);
          return new LoopDevice(path, fd);
        } catch (error) {
          closeSync(fd);
          // Somebody else was quicker.
          if ((error as NodeJS.ErrnoException).code !== 'EBUSY' || attempt === attempts) throw error;
        }
      }
    } finally {
      closeSync(backing);
      if (control !== -1) closeSync(control);
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

function config(backing: number): Buffer {
  const bytes = Buffer.alloc(configSize);
  bytes.writeUInt32LE(backing, 0);
  bytes.writeUInt32LE(512, 4);
  bytes.writeUInt32LE(flags, flagsAt);
  return bytes;
}
