import { existsSync, readdirSync } from 'node:fs';
import { guard, requires, scratch } from '@estiba/testkit';
import { layer } from '@estiba/testkit/archive';
import { expect, it } from 'vitest';
import { erofsSupport } from '../../src/erofs/erofs-support.ts';
import { writeErofs } from '../../src/erofs/write-erofs.ts';
import { erofs } from '../../src/steps/erofs.ts';
import { shell } from '../mounting.ts';

guard();

/** The files behind all loop devices of the machine. */
function attached(): string[] {
  return readdirSync('/sys/block').filter((name) => existsSync(`/sys/block/${name}/loop/backing_file`));
}

requires({ on: ['host'], root: true, kernel: '6.12' })('support of images', () => {
  it('is found out without a trace', async () => {
    using folder = scratch('support');
    expect(await erofsSupport(folder.path)).toEqual({ supported: true, through: 'file' });
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it('takes a loop device on tmpfs, which goes with the mount', async () => {
    const before = attached();
    expect(await erofsSupport('/dev/shm')).toEqual({ supported: true, through: 'loop device' });
    expect(attached()).toEqual(before);
  });

  it('lets an image be mounted on a directory, read-only', async () => {
    using folder = scratch('support');
    await writeErofs(layer({ name: 'file', content: 'text' }), folder.join('image'));
    const mount = erofs({ image: folder.join('image'), target: folder.join('there') });
    const script = `cat ${folder.join('there/file')}; touch ${folder.join('there/file')} 2>&1 || true`;
    expect(await shell(mount, script)).toMatch(/^text.*Read-only file system/s);
  });
});
