import { chmodSync, linkSync, mkdirSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { perform, syscall } from '@estiba/syscalls';
import { expect } from 'vitest';
import { VolumeStore } from '../../src/volumes/volume-store.ts';

/** What an image may hold where a volume goes. */
export function imageIn(directory: string): string {
  mkdirSync(join(directory, 'sub/deep'), { recursive: true });
  writeFileSync(join(directory, 'file'), 'content', { mode: 0o640 });
  linkSync(join(directory, 'file'), join(directory, 'sub/same file'));
  symlinkSync('/etc/passwd', join(directory, 'link'));
  symlinkSync('nowhere', join(directory, 'sub/dangling'));
  writeFileSync(join(directory, 'set-id'), '', { mode: 0o755 });
  chmodSync(join(directory, 'set-id'), 0o4755);
  writeFileSync(join(directory, 'sparse'), 'start');
  truncateSync(join(directory, 'sparse'), 32 * 1024 * 1024);
  perform([syscall('setxattr', join(directory, 'file'), 'user.note', Buffer.from('a\0b'), 3, 0)]);
  utimesSync(join(directory, 'file'), 1_000_000_000.25, 1_000_000_000.25);
  chmodSync(join(directory, 'sub/deep'), 0o555);
  mkdirSync(join(directory, 'locked'));
  writeFileSync(join(directory, 'locked/file'), '', { mode: 0o400 });
  chmodSync(join(directory, 'locked'), 0o511);
  utimesSync(join(directory, 'sub'), 5, 5);
  chmodSync(directory, 0o750);
  utimesSync(directory, 7, 7);
  return directory;
}

export const open = (folder: string) => VolumeStore.open(join(folder, 'store'), { durable: false });

export const codes = (code: string) => expect.objectContaining({ name: 'UnionfsError', code });
