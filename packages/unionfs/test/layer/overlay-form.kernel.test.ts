/** A layer by itself, in the form that overlayfs reads: mounted over the layers below it shows what applying it shows. */
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import type { Program } from '@estiba/syscalls';
import { guard, requires, type Scratch, scratch } from '@estiba/testkit';
import { type EntrySpec, layer } from '@estiba/testkit/archive';
import { expect, it } from 'vitest';
import { applyLayer } from '../../src/layer/apply-layer.ts';
import { overlay } from '../../src/steps/overlay.ts';
import { attributes, mounting, overlayOptions, shell } from '../mounting.ts';
import { tree, xattrs } from '../tree.ts';

guard();

requires({ on: ['host', 'uml'], ...mounting })('a layer in overlay form', () => {
  it('hides by character devices 0/0 and opaque directories', async () => {
    using folder = scratch('form');
    for (const path of ['below/dir', 'below/again', 'layer']) mkdirSync(folder.join(path), { recursive: true });
    writeFileSync(folder.join('below/gone'), '');
    await applyLayer(
      layer({ name: '.wh.gone' }, { name: 'dir/.wh..wh..opq' }, { name: '.wh.again' }, { name: 'again/', type: '5' }),
      folder.join('layer'),
      { whiteouts: 'overlay', lower: [folder.join('below')] },
    );
    const gone = lstatSync(folder.join('layer/gone'));
    expect([gone.isCharacterDevice(), gone.rdev]).toEqual([true, 0]);
    expect(xattrs(folder.join('layer/dir'))).toEqual([`${attributes}.overlay.opaque=79`]);
    expect(xattrs(folder.join('layer/again'))).toEqual([`${attributes}.overlay.opaque=79`]);
  });

  it('makes no marks where there is nothing to hide', async () => {
    using folder = scratch('form');
    for (const path of ['below/dir', 'layer']) mkdirSync(folder.join(path), { recursive: true });
    writeFileSync(folder.join('below/dir/file'), '');
    await applyLayer(
      layer(
        { name: '.wh.never' },
        { name: 'no/such/.wh.file' },
        { name: 'dir/.wh.file' },
        { name: 'dir/.wh..wh..opq' },
        { name: 'new/', type: '5' },
        { name: 'new/.wh.file' },
      ),
      folder.join('layer'),
      { whiteouts: 'overlay', lower: [folder.join('below')] },
    );
    expect(tree(folder.join('layer'), { times: false }).map((line) => line.split(' ')[0])).toEqual([
      '.',
      './dir',
      './new',
    ]);
  });

  it('takes attributes of directories that it does not describe from below', async () => {
    using folder = scratch('form');
    for (const path of ['below/tmp', 'layer']) mkdirSync(folder.join(path), { recursive: true });
    chmodSync(folder.join('below/tmp'), 0o1777);
    chmodSync(folder.join('below'), 0o711);
    await applyLayer(layer({ name: 'tmp/file' }), folder.join('layer'), {
      whiteouts: 'overlay',
      lower: [folder.join('below')],
    });
    expect(lstatSync(folder.join('layer/tmp')).mode & 0o7777).toBe(0o1777);
    expect(lstatSync(folder.join('layer')).mode & 0o7777).toBe(0o711);
  });

  it('puts entries where links of the layers below lead', async () => {
    using folder = scratch('form');
    for (const path of ['below/var', 'below/run', 'layer']) mkdirSync(folder.join(path), { recursive: true });
    symlinkSync('/run', folder.join('below/var/run'));
    await applyLayer(layer({ name: 'var/run/pid', content: '1' }), folder.join('layer'), {
      whiteouts: 'overlay',
      lower: [folder.join('below')],
    });
    expect(readFileSync(folder.join('layer/run/pid'), 'utf8')).toBe('1');
    expect(existsSync(folder.join('layer/var/run'))).toBe(false);
  });

  it('takes along a file of below that it links to', async () => {
    using folder = scratch('form');
    for (const path of ['below/bin', 'layer']) mkdirSync(folder.join(path), { recursive: true });
    writeFileSync(folder.join('below/bin/tool'), 'tool', { mode: 0o755 });
    await applyLayer(layer({ name: 'bin/alias', type: '1', link: 'bin/tool' }), folder.join('layer'), {
      whiteouts: 'overlay',
      lower: [folder.join('below')],
    });
    const [alias, tool] = ['alias', 'tool'].map((name) => lstatSync(folder.join('layer/bin', name)));
    expect(alias?.ino).toBe(tool?.ino);
    expect(tool).toMatchObject({ mode: 0o100755, size: 4, mtimeMs: lstatSync(folder.join('below/bin/tool')).mtimeMs });
  });

  it('leans on layers that the kernel cannot mount together, too', async () => {
    using folder = scratch('form');
    // The kernel takes paths of at most 255 bytes.
    const lower = ['one', 'two'].map((name) => folder.join(name, ...Array(3).fill('n'.repeat(100))));
    for (const path of [...lower, folder.join('layer')]) mkdirSync(path, { recursive: true });
    writeFileSync(`${lower[1]}/tool`, 'tool');
    const alias = layer({ name: 'alias', type: '1', link: 'tool' });
    await applyLayer(alias, folder.join('layer'), { whiteouts: 'overlay', lower });
    expect(readFileSync(folder.join('layer/alias'), 'utf8')).toBe('tool');
  });

  it.each([
    ['the file', 'bin/.wh.tool', ['alias', 'bin']],
    ['what is in its directory', 'bin/.wh..wh..opq', ['alias', 'bin']],
    ['its directory', '.wh.bin', ['alias']],
  ])('does not keep a file of below that it links to and hides, by hiding %s', async (_, whiteout, names) => {
    using folder = scratch('form');
    for (const path of ['below/bin', 'layer']) mkdirSync(folder.join(path), { recursive: true });
    writeFileSync(folder.join('below/bin/tool'), 'tool');
    await applyLayer(layer({ name: 'alias', type: '1', link: 'bin/tool' }, { name: whiteout }), folder.join('layer'), {
      whiteouts: 'overlay',
      lower: [folder.join('below')],
    });
    const list = `cd ${folder.join('merged')}; find . -mindepth 1 -printf '%P '; cat alias`;
    const [text, ...found] = (await shell(merged(folder), list)).split(' ').reverse();
    expect([found.sort(), text]).toEqual([names, 'tool']);
  });

  it.each([
    ['before', (link: EntrySpec, marks: EntrySpec[]) => [...marks, link]],
    ['behind', (link: EntrySpec, marks: EntrySpec[]) => [link, ...marks]],
  ])('may say %s a link that what was in the directory there is gone', async (_, order) => {
    const below = () => layer({ name: 'swap/x' }, { name: 'swap/sub/y' }, { name: 'etc/x' }, { name: 'etc/sub/y' });
    const marks = [{ name: 'swap/.wh.x' }, { name: 'swap/sub/.wh.y' }, { name: 'swap/.wh..wh..opq' }];
    const change = () => layer(...order({ name: 'swap', type: '2', link: 'etc' }, marks));
    using folder = scratch('form');
    for (const path of ['below', 'layer', 'flat']) mkdirSync(folder.join(path));
    await applyLayer(below(), folder.join('below'), { whiteouts: 'overlay' });
    await applyLayer(change(), folder.join('layer'), { whiteouts: 'overlay', lower: [folder.join('below')] });
    for (const each of [below(), change()]) await applyLayer(each, folder.join('flat'));
    for (const path of [folder.join('merged'), folder.join('flat')]) {
      const text = await shell(merged(folder), `cd ${path}; readlink swap; find etc -printf '%P\\n' | sort`);
      expect(text).toBe('etc\n\nsub\nsub/y\nx\n');
    }
  });

  it('says so when nothing of below shows, which overlayfs has no mark for', async () => {
    using folder = scratch('form');
    const { opaque } = await applyLayer(layer({ name: '.wh..wh..opq' }), folder.path, { whiteouts: 'overlay' });
    expect(opaque).toBe(true);
  });
});

function merged(folder: Scratch): Program {
  const lower = [folder.join('layer'), folder.join('below')];
  return overlay({ lower, target: folder.join('merged'), options: overlayOptions });
}
