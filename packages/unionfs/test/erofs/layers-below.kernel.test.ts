/** Entries that lean on the layers below, or hide what is there: an image does what the directory form does. */
import { closeSync, mkdirSync, openSync, statSync, writeSync } from 'node:fs';
import { Readable } from 'node:stream';
import { guard, requires, scratch } from '@estiba/testkit';
import { archive, type EntrySpec, layer } from '@estiba/testkit/archive';
import { expect, it } from 'vitest';
import { writeErofs } from '../../src/erofs/write-erofs.ts';
import { applyLayer } from '../../src/layer/apply-layer.ts';
import { bothForms } from './both-forms.ts';

guard();

const below = (): EntrySpec[] => [
  { name: './', type: '5', mode: 0o711, uid: 5 },
  { name: 'bin/', type: '5', mode: 0o1755, mtime: 77, pax: { 'SCHILY.xattr.user.kept': 'yes' } },
  { name: 'bin/tool', content: 'tool'.repeat(1000), mode: 0o4755, pax: { 'SCHILY.xattr.trusted.t': 'x' } },
  { name: 'bin/link', type: '2', link: 'tool' },
  { name: 'bin/pipe', type: '6' },
  { name: 'run', type: '2', link: '/var/run' },
  { name: 'var/run/pid', content: '1' },
  { name: 'var/lib/tools', type: '2', link: '/bin' },
];
const alias: EntrySpec = { name: 'alias', type: '1', link: 'bin/tool' };
const long = 'n'.repeat(256);
const accessList = 'SCHILY.xattr.system.posix_acl_access';

requires({ on: ['host'], root: true, kernel: '6.12' })('an image of a layer over others', () => {
  it.each<[string, EntrySpec[]]>([
    ['takes attributes of directories that it does not describe', [{ name: 'bin/new' }, { name: 'var/run/new/x' }]],
    ['puts entries where links lead', [{ name: 'run/new', content: 'x' }, { name: 'var/lib/tools/new' }]],
    ['takes along a file that it links to', [alias, { name: 'second', type: '1', link: 'bin/tool' }]],
    ['takes along a link that it links to', [{ name: 'alias', type: '1', link: 'bin/link' }]],
    ['cannot link to what is no file', [{ name: 'alias', type: '1', link: 'bin/pipe' }]],
    ['hides, once, what is there', [{ name: 'bin/.wh.tool' }, { name: 'bin/.wh.tool' }, { name: '.wh.never' }]],
    ['hides all of a directory', [{ name: 'bin/.wh..wh..opq' }, { name: 'bin/.wh.tool' }]],
    ['hides a directory and makes it anew', [{ name: '.wh.bin' }, { name: 'bin/', type: '5' }]],
    ['hides everything', [{ name: '.wh..wh..opq' }, { name: 'bin/.wh.tool' }, { name: 'x' }]],
    ['does not keep a file that it links to and hides', [alias, { name: 'bin/.wh.tool' }]],
    ['does not keep a file that it links to and hides with all others', [alias, { name: 'bin/.wh..wh..opq' }]],
    ['does not keep a file that it links to and hides with its directory', [alias, { name: '.wh.bin' }]],
    ['keeps a file that it links to itself', [{ ...alias, name: 'bin/tool' }, { name: 'bin/.wh.tool' }]],
    ['cannot link to what it hides', [{ name: 'bin/.wh..wh..opq' }, alias]],
    ['replaces a link by a directory', [{ name: 'run/', type: '5' }, { name: 'run/x' }]],
    [
      'lists what was in a directory that a link replaces',
      [{ name: 'bin', type: '2', link: 'x' }, { name: 'bin/.wh.a' }],
    ],
  ])('%s', async (_, entries) => {
    using folder = scratch('below');
    mkdirSync(folder.join('below'));
    await applyLayer(layer(...below()), folder.join('below'), { whiteouts: 'overlay' });
    const { directory, image } = await bothForms(folder, archive(...entries), { lower: [folder.join('below')] });
    expect(image).toEqual(directory);
  });

  it.each<[string, EntrySpec, ...EntrySpec[]]>([
    ['a name', { name: 'x', pax: { path: long } }],
    ['a name on the way', { name: 'x', pax: { path: `${long}/x` } }],
    ['a link to a name', { name: 'hard', type: '1', pax: { linkpath: long } }],
    ['a whiteout of a name', { name: 'x', pax: { path: `.wh.${long}` } }],
    ['a name of a directory', { name: 'x/', type: '5', pax: { path: long } }],
    ['a name for a hard link', { name: 'file' }, { name: 'x', type: '1', link: 'file', pax: { path: long } }],
    ['with an attribute that cannot be, a name', { name: 'x', pax: { path: long, [accessList]: 'none' } }],
    ['of a link to nothing, a name', { name: 'x', type: '2', pax: { path: long } }],
  ])('refuses %s that is too long in the same words', async (_, ...entries) => {
    using folder = scratch('below');
    mkdirSync(folder.join('below'));
    const lowers = [[], [folder.join('below')]];
    for (const [index, lower] of lowers.entries()) {
      const { directory, image } = await bothForms(folder, archive(...entries), { name: `layer${index}`, lower });
      expect(directory).toMatch(/^LAYER_INVALID: cannot unpack .*a name is longer than 255 bytes/);
      expect(image).toBe(directory);
    }
  });

  it('may list what was in a directory that a link replaces also where nobody knows what is below', async () => {
    using folder = scratch('below');
    const entries = [{ name: 'd/.wh.a' }, { name: 'd', type: '2', link: 'x' }, { name: 'd/.wh.b' }];
    const { directory, image } = await bothForms(folder, archive(...entries));
    expect(image).toEqual(directory);
    expect(image).toHaveLength(3);
  });

  it('copies a file that it links to with its holes, within the limit', async () => {
    using folder = scratch('below');
    mkdirSync(folder.join('below'));
    const large = openSync(folder.join('below/large'), 'w');
    writeSync(large, 'first', 0);
    writeSync(large, 'last', 2 ** 24);
    closeSync(large);
    const link = () => archive({ name: 'alias', type: '1', link: 'large' });
    const { directory, image } = await bothForms(folder, link(), { lower: [folder.join('below')] });
    expect(image).toEqual(directory);
    expect(statSync(folder.join('layer.image')).blocks * 512).toBeLessThan(64 * 1024);
    const tight = writeErofs(Readable.from([link()]), folder.join('other'), {
      lower: [folder.join('below')],
      maxBytes: 4096,
    });
    await expect(tight).rejects.toMatchObject({ code: 'LAYER_TOO_LARGE', entry: 'alias' });
  });
});
