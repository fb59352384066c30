import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { perform, umount } from '@estiba/syscalls';
import { guard, requires } from '@estiba/testkit';
import { layer } from '@estiba/testkit/archive';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LoopDevice } from '../../src/erofs/loop-device.ts';
import { mountImage } from '../../src/erofs/mount-image.ts';
import { writeErofs } from '../../src/erofs/write-erofs.ts';
import { erofs } from '../../src/steps/erofs.ts';

guard();

requires({ on: ['host'], root: true, kernel: '6.4' })('an image on tmpfs', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync('/dev/shm/estiba-loop-');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is mounted through a loop device, which goes with the mount', async () => {
    const image = join(folder, 'image');
    await writeErofs(layer({ name: 'file', content: 'text' }), image);
    let device = '';
    const target = join(folder, 'there');
    const { through } = mountImage(image, (source) => {
      device = basename(source);
      perform(erofs({ image: source, target }));
    });
    expect(through).toBe('loop device');
    expect(readFileSync(join(target, 'file'), 'utf8')).toBe('text');
    expect(backing(device)).toBe(image);
    perform([umount(target, ['nofollow'])]);
    expect(backing(device)).not.toBe(image);
  });

  it('leaves no loop device behind when it cannot be mounted', async () => {
    const image = join(folder, 'image');
    await writeErofs(layer({ name: 'file', content: 'text' }), image);
    let device = '';
    const fail = (source: string) => {
      device = basename(source);
      throw Object.assign(new Error('refused'), { code: source === image ? 'ENOTBLK' : 'EINVAL' });
    };
    expect(() => mountImage(image, fail)).toThrow('refused');
    expect(backing(device)).not.toBe(image);
  });

  it('cannot be written to through its loop device', async () => {
    const image = join(folder, 'image');
    await writeErofs(layer({ name: 'file', content: 'text' }), image);
    using device = LoopDevice.attach(image);
    expect(readFileSync(`/sys/block/${basename(device.path)}/ro`, 'utf8').trim()).toBe('1');
  });
});

function backing(device: string): string | undefined {
  const path = `/sys/block/${device}/loop/backing_file`;
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
}
