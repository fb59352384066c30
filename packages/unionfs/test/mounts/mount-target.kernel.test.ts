import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { guard, requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { mountBind } from '../../src/mount-bind.ts';
import { mountOverlay } from '../../src/mount-overlay.ts';
import { mountTmpfs } from '../../src/mount-tmpfs.ts';
import { scratchOfLayers } from '../scratch-of-layers.ts';

guard();

requires({ on: ['host', 'uml'], root: true, overlay: true })('what is mounted on', () => {
  const mountings = (directory: string, target: string) => [
    () => mountTmpfs(target),
    () => mountBind(directory, target),
    () => mountOverlay({ lower: [directory], upper: `${directory}-up`, work: `${directory}-work`, target }),
  ];

  it('is no symbolic link, wherever it leads: that is told, and to where', async () => {
    using folder = scratchOfLayers('mount-target');
    for (const name of ['lower', 'real']) mkdirSync(folder.join(name));
    for (const to of ['real', 'nowhere']) {
      const link = folder.join(`to-${to}`);
      symlinkSync(to, link);
      for (const mount of mountings(folder.join('lower'), link)) {
        await expect(mount()).rejects.toMatchObject({
          code: 'NAME_INVALID',
          message: `cannot mount on ${link}: it is a symbolic link, to ${to}; give the path that it leads to`,
        });
      }
    }
    expect(readdirSync(folder.path).sort()).toEqual(['lower', 'real', 'to-nowhere', 'to-real']);
  });

  it('may be reached through a symbolic link', async () => {
    using folder = scratchOfLayers('mount-target');
    for (const name of ['lower', 'real']) mkdirSync(folder.join(name));
    writeFileSync(folder.join('lower/file'), '');
    symlinkSync('real', folder.join('link'));
    for (const mount of mountings(folder.join('lower'), folder.join('link/on'))) {
      await using mounted = await mount();
      expect(mounted.path).toBe(folder.join('link/on'));
      await mounted.unmount();
    }
    expect(readdirSync(folder.join('real/on'))).toEqual([]);
  });

  it('is a directory for a tree, and no file', async () => {
    using folder = scratchOfLayers('mount-target');
    mkdirSync(folder.join('lower'));
    writeFileSync(folder.join('file'), '');
    const [tmpfs, , overlay] = mountings(folder.join('lower'), folder.join('file'));
    for (const mount of [tmpfs, overlay]) {
      await expect(mount?.()).rejects.toMatchObject({
        code: 'NAME_INVALID',
        message: `cannot mount on ${folder.join('file')}: it is no directory; give a directory, or a path where nothing is yet`,
      });
    }
  });

  it('is not below a file, nor below a link that leads nowhere, and neither is what is written to', async () => {
    using folder = scratchOfLayers('mount-target');
    mkdirSync(folder.join('lower'));
    writeFileSync(folder.join('file'), '');
    symlinkSync('nowhere', folder.join('link'));
    const refused = (path: string) => ({
      code: 'NAME_INVALID',
      message: `cannot mount on ${path}: what is above it is no directory; give a directory, or a path where nothing is yet`,
    });
    const below = folder.join('file/below');
    for (const mount of mountings(folder.join('lower'), below))
      await expect(mount()).rejects.toMatchObject(refused(below));
    const lost = folder.join('link/below');
    const [, , overlay] = mountings(folder.join('lower'), lost);
    await expect(overlay?.()).rejects.toMatchObject(refused(lost));
    const own = { upper: folder.join('file/up'), work: folder.join('file/work'), target: folder.join('on') };
    await expect(mountOverlay({ lower: [folder.join('lower')], ...own })).rejects.toMatchObject({
      code: 'OVERLAY_UNSUPPORTED',
      message: expect.stringContaining(`there is no directory ${folder.join('file')} to hold up`),
    });
  });
});
