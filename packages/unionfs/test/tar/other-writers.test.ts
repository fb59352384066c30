import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { requires, scratch } from '@estiba/testkit';
import { create, Parser } from 'tar';
import { expect, it } from 'vitest';
import { collect } from './collect.ts';

requires({ command: 'tar' })('an archive of GNU tar', () => {
  it.each(['gnu', 'posix', 'ustar'])('in the format %s reads as node-tar reads it', async (format) => {
    using folder = tree();
    const bytes = execFileSync('tar', [`--format=${format}`, '-C', folder.path, '-cf', '-', '.']);
    expect(summary(collect(bytes))).toEqual(await theirs(bytes));
  });

  it('made by node-tar reads as node-tar reads it', async () => {
    using folder = tree();
    const parts: Buffer[] = [];
    for await (const part of create({ cwd: folder.path }, ['.'])) parts.push(part as Buffer);
    const bytes = Buffer.concat(parts);
    expect(summary(collect(bytes))).toEqual(await theirs(bytes));
  });
});

function tree() {
  const folder = scratch('tar');
  mkdirSync(folder.join('deep/'.repeat(20)), { recursive: true });
  writeFileSync(folder.join('deep/file'), 'content');
  writeFileSync(folder.join(`deep/${'n'.repeat(90)}`), Buffer.alloc(5000, 'z'));
  writeFileSync(folder.join('ünïcödé'), '');
  symlinkSync('deep/file', folder.join('link'));
  return folder;
}

function summary(entries: readonly ReturnType<typeof collect>[number][]) {
  return entries.map(({ name, link, mode, uid, gid, mtime, content }) => ({
    name: name.toString(),
    link: link.toString(),
    mode,
    uid,
    gid,
    seconds: mtime.seconds,
    content: content.toString('latin1'),
  }));
}

function theirs(bytes: Buffer): Promise<ReturnType<typeof summary>> {
  return new Promise((resolve, reject) => {
    const entries: ReturnType<typeof summary> = [];
    const parser = new Parser({
      strict: true,
      onReadEntry: (entry) => {
        const parts: Buffer[] = [];
        entry.on('data', (part) => parts.push(part));
        entry.on('end', () =>
          entries.push({
            name: entry.path,
            link: entry.linkpath ?? '',
            mode: entry.mode ?? 0,
            uid: entry.uid ?? 0,
            gid: entry.gid ?? 0,
            seconds: Math.floor((entry.mtime?.getTime() ?? 0) / 1000),
            content: Buffer.concat(parts).toString('latin1'),
          }),
        );
      },
    });
    parser.on('end', () => resolve(entries));
    parser.on('error', reject);
    parser.end(bytes);
  });
}
