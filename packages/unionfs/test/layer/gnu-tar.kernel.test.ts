import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { mknod, perform } from '@estiba/syscalls';
import { guard, requires, scratch } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { applyLayer } from '../../src/layer/apply-layer.ts';
import { tree } from '../tree.ts';

guard();

requires({ on: ['host', 'uml'], command: 'tar' })('a layer from GNU tar', () => {
  it('unpacks to what GNU tar unpacks: owners, modes, times, links, devices and attributes', async () => {
    using folder = scratch('apply');
    mkdirSync(folder.join('ours'));
    mkdirSync(folder.join('theirs'));
    makeSource(folder.join('source'));
    const options = [
      '--xattrs',
      '--xattrs-include=*',
      '--numeric-owner',
      '--format=posix',
      '--pax-option=delete=atime,delete=ctime',
    ];
    const bytes = execFileSync('tar', [...options, '-C', folder.join('source'), '-cf', '-', '.'], {
      maxBuffer: 2 ** 26,
    });
    execFileSync('tar', [...options, '-C', folder.join('theirs'), '-xpf', '-'], {
      input: bytes,
      // It warns of times before 1970.
      stdio: ['pipe', 'inherit', 'ignore'],
    });
    const result = await applyLayer(Readable.from([bytes]), folder.join('ours'));
    expect(tree(folder.join('ours'))).toEqual(tree(folder.join('theirs')));
    expect(tree(folder.join('ours'))).toEqual(tree(folder.join('source')));
    expect(result).toEqual({ diffId: sha256(bytes), size: bytes.length, opaque: false, skipped: [] });
  });
});

function makeSource(root: string): void {
  mkdirSync(`${root}/dir/sub`, { recursive: true });
  writeFileSync(`${root}/dir/file`, 'content');
  writeFileSync(`${root}/big`, Buffer.alloc(3_000_001, 'big'));
  writeFileSync(`${root}/setuid`, '');
  symlinkSync('/etc/passwd', `${root}/absolute`);
  symlinkSync('../../up', `${root}/dir/up`);
  execFileSync('ln', [`${root}/dir/file`, `${root}/dir/sub/hard`]);
  execFileSync('mkfifo', ['-m', '0640', `${root}/fifo`]);
  if (process.geteuid?.() === 0) addWhatOnlyRootMay(root);
  execFileSync('chmod', ['6711', `${root}/setuid`]);
  execFileSync('chmod', ['1777', `${root}/dir/sub`]);
  execFileSync('setfattr', ['-n', 'user.note', '-v', '0x000aff', `${root}/dir/file`]);
  execFileSync('setfattr', ['-n', 'user.note', '-v', 'dir', `${root}/dir`]);
  execFileSync('touch', ['-h', '-d', '1969-12-31 23:59:58.25 UTC', `${root}/dir/up`, `${root}/fifo`]);
  execFileSync('touch', ['-d', '2001-02-03 04:05:06.123456789', `${root}/dir/file`, `${root}/dir`, root]);
}

function addWhatOnlyRootMay(root: string): void {
  const S_IFCHR = 0o020000;
  perform([mknod(`${root}/null`, S_IFCHR | 0o600, [1, 3])]);
  perform([mknod(`${root}/large`, S_IFCHR | 0o600, [259, 70000])]);
  execFileSync('chown', [
    '-h',
    '1234:5678',
    `${root}/dir/up`,
    `${root}/fifo`,
    `${root}/setuid`,
    `${root}/dir`,
    `${root}/null`,
  ]);
}

function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
