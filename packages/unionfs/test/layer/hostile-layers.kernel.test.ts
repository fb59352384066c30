/**
 * Layers made to reach outside. All of it happens in a folder of the test's own, around which lies a canary: a second
 * tree that the attacks aim at, by relative and absolute paths, and that must not change.
 */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { guard, requires, scratch } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { applyLayer } from '../../src/index.ts';
import { archive, type EntrySpec, layer } from '../archive.ts';
import { tree } from '../tree.ts';

guard();

interface Attack {
  readonly title: string;
  /** Given the absolute path of the canary. */
  readonly entries: (canary: string) => EntrySpec[];
  /** Code of the error; without it the layer is fine, and all stays inside. */
  readonly code?: string;
}

const link = (name: string, to: string): EntrySpec => ({ name, type: '2', link: to });
const file = (name: string): EntrySpec => ({ name, content: 'overwritten' });

const attacks: Attack[] = [
  { title: 'a name with ".."', entries: () => [file('../canary/file')], code: 'LAYER_ESCAPES' },
  { title: 'a name with ".." in its middle', entries: () => [file('a/../../canary/file')], code: 'LAYER_ESCAPES' },
  { title: 'a name that is ".."', entries: () => [{ name: '..', type: '5', mode: 0o700 }], code: 'LAYER_ESCAPES' },
  {
    title: 'an extended name with ".."',
    entries: () => [{ name: 'x', content: 'o', pax: { path: '../canary/file' } }],
    code: 'LAYER_ESCAPES',
  },
  { title: 'an absolute name', entries: (canary) => [file(`${canary}/file`)] },
  { title: 'an absolute name of a directory', entries: (canary) => [{ name: canary, type: '5', mode: 0o700, uid: 7 }] },
  { title: 'a parent that is an absolute link', entries: (canary) => [link('out', canary), file('out/file')] },
  { title: 'a parent that is a relative link', entries: () => [link('out', '../canary'), file('out/file')] },
  {
    title: 'a parent that is a chain of links',
    entries: () => [
      link('a', '..'),
      link('b', 'a/../..'),
      link('c', 'b/canary'),
      file('c/file'),
      { name: 'c/new/', type: '5' },
    ],
  },
  {
    title: 'a parent that is a link to the root of the machine',
    entries: (canary) => [link('r', '/'), file(`r${canary}/file`)],
  },
  {
    title: 'a parent that is a link into proc',
    entries: (canary) => [
      link('p', '/proc/self/root'),
      file(`p${canary}/file`),
      link('cwd', '/proc/self/cwd'),
      file('cwd/file'),
    ],
  },
  {
    title: 'a parent that links to itself',
    entries: () => [link('loop', 'loop'), file('loop/x')],
    code: 'LAYER_INVALID',
  },
  {
    title: 'two parents that link to each other',
    entries: () => [link('a', 'b'), link('b', 'a'), file('a/x')],
    code: 'LAYER_INVALID',
  },
  { title: 'a file over a link', entries: (canary) => [link('f', `${canary}/file`), file('f')] },
  {
    title: 'a directory over a link, then a file in it',
    entries: (canary) => [link('d', canary), { name: 'd/', type: '5', mode: 0o700, uid: 7 }, file('d/file')],
  },
  {
    title: 'a directory swapped for a link between two files',
    entries: (canary) => [file('d/one'), link('d', canary), file('d/file')],
  },
  {
    title: 'a device over a link',
    entries: (canary) => [
      link('dev', `${canary}/file`),
      { name: 'dev', type: '3', device: [1, 3], mode: 0o666, uid: 7 },
    ],
  },
  { title: 'a fifo through a link', entries: (canary) => [link('d', canary), { name: 'd/fifo', type: '6' }] },
  { title: 'a link over a link', entries: (canary) => [link('l', canary), link('l/inner', 'x')] },
  {
    title: 'a hard link out by ".."',
    entries: () => [{ name: 'h', type: '1', link: '../canary/file' }, file('h')],
    code: 'LAYER_ESCAPES',
  },
  {
    title: 'a hard link out by an absolute name',
    entries: (canary) => [{ name: 'h', type: '1', link: `${canary}/file` }, file('h')],
    code: 'LAYER_INVALID',
  },
  {
    title: 'a hard link out through a link',
    entries: () => [link('d', '../canary'), { name: 'h', type: '1', link: 'd/file' }],
    code: 'LAYER_INVALID',
  },
  {
    title: 'a hard link to a link, then a file over it',
    entries: (canary) => [link('l', `${canary}/file`), { name: 'h', type: '1', link: 'l' }, file('h')],
  },
  {
    title: 'a hard link to a directory',
    entries: () => [
      { name: 'd/', type: '5' },
      { name: 'h', type: '1', link: 'd' },
    ],
    code: 'LAYER_INVALID',
  },
  { title: 'a hard link to the root', entries: () => [{ name: 'h', type: '1', link: '/' }], code: 'LAYER_INVALID' },
  {
    title: 'a hard link to what is not there',
    entries: () => [{ name: 'h', type: '1', link: 'nothing' }],
    code: 'LAYER_INVALID',
  },
  { title: 'a whiteout by ".."', entries: () => [{ name: '../canary/.wh.file' }], code: 'LAYER_ESCAPES' },
  { title: 'a whiteout of ".."', entries: () => [{ name: '.wh...' }], code: 'LAYER_INVALID' },
  {
    title: 'a whiteout through a link',
    entries: (canary) => [link('d', canary), { name: 'd/.wh.file' }],
    code: 'LAYER_ESCAPES',
  },
  { title: 'a whiteout of a link', entries: (canary) => [link('d', canary), { name: '.wh.d' }] },
  {
    title: 'an opaque mark through a link',
    entries: (canary) => [link('d', canary), { name: 'd/.wh..wh..opq' }],
    code: 'LAYER_ESCAPES',
  },
  {
    title: 'a whiteout through a link of a layer below',
    entries: () => [{ name: 'outside/.wh.file' }],
    code: 'LAYER_ESCAPES',
  },
  {
    title: 'an opaque mark through a link of a layer below',
    entries: () => [{ name: 'outside/.wh..wh..opq' }],
    code: 'LAYER_ESCAPES',
  },
  { title: 'a file through a link of a layer below', entries: () => [file('outside/file')] },
  { title: 'a file as the root', entries: () => [file('./')], code: 'LAYER_INVALID' },
  { title: 'a link as the root', entries: (canary) => [link('.', canary), file('file')], code: 'LAYER_INVALID' },
  {
    title: 'attributes of a link',
    entries: (canary) => [
      { ...link('l', `${canary}/file`), uid: 99, mode: 0o777, mtime: 1, pax: { 'SCHILY.xattr.trusted.t': 'x' } },
    ],
  },
  {
    title: 'an attribute for the overlay',
    entries: () => [
      {
        name: 'd/',
        type: '5',
        pax: { 'SCHILY.xattr.trusted.overlay.redirect': '/../canary', 'SCHILY.xattr.user.overlay.opaque': 'y' },
      },
    ],
  },
  {
    title: 'a name of 300 bytes',
    entries: () => [{ name: 'x', pax: { path: 'n'.repeat(300) } }],
    code: 'LAYER_INVALID',
  },
  {
    title: 'a path of 3000 directories',
    entries: () => [{ name: 'x', pax: { path: 'd/'.repeat(3000) } }],
    code: 'LAYER_INVALID',
  },
  {
    title: 'a device that there is not',
    entries: () => [{ name: 'd', type: '3', device: [0o177777, 1] }],
    code: 'LAYER_INVALID',
  },
  { title: 'a link that says nothing', entries: () => [link('l', '')], code: 'LAYER_INVALID' },
  {
    title: 'a link of 5000 bytes',
    entries: () => [{ ...link('l', 'x'), pax: { linkpath: 'l'.repeat(5000) } }],
    code: 'LAYER_INVALID',
  },
  { title: 'a size beyond the archive', entries: () => [{ ...file('f'), size: 0o77777 }], code: 'LAYER_INVALID' },
];

requires({ on: ['host', 'uml'] })('a layer cannot change anything outside by', () => {
  const forms = ['delete', 'overlay'] as const;
  for (const { title, entries, code } of attacks) {
    it.each(forms)(`${title} (%s)`, async (whiteouts) => {
      using folder = scratch('hostile');
      mkdirSync(folder.join('canary/dir'), { recursive: true });
      writeFileSync(folder.join('canary/file'), 'canary');
      mkdirSync(folder.join('root'));
      mkdirSync(folder.join('below'));
      // The layer below is hostile too.
      symlinkSync('../canary', folder.join(whiteouts === 'delete' ? 'root' : 'below', 'outside'));
      const before = [tree(folder.join('canary')), tree(folder.join('below'))];
      const applied = applyLayer(layer(...entries(folder.join('canary'))), folder.join('root'), {
        whiteouts,
        ...(whiteouts === 'overlay' && { lower: [folder.join('below')] }),
      });
      const outcome = await applied.then(
        () => undefined,
        (error) => error,
      );
      expect([tree(folder.join('canary')), tree(folder.join('below'))]).toEqual(before);
      if (code === undefined) expect(outcome).toBeUndefined();
      else expect(outcome).toMatchObject({ name: 'UnionfsError', code });
    });
  }

  it('any of its bytes, changed at random', { timeout: 60_000 }, async () => {
    using folder = scratch('hostile');
    mkdirSync(folder.join('canary'));
    writeFileSync(folder.join('canary/file'), 'canary');
    const good = archive(
      { name: 'dir/', type: '5' },
      { name: 'dir/file', content: 'x'.repeat(100) },
      { name: 'link', type: '2', link: '../canary' },
      { name: 'link/file', content: 'y', pax: { path: 'link/file', mtime: '1.5' } },
      { name: 'hard', type: '1', link: 'dir/file' },
    );
    const before = tree(folder.join('canary'));
    const random = generator(1);
    let refused = 0;
    for (let round = 0; round < 600; round++) {
      mkdirSync(folder.join(`r${round}`));
      const bytes = Buffer.from(good);
      const block = (random() % (bytes.length / 512)) * 512;
      bytes[block + (random() % 512)] = random() % 256;
      // With the sum put right again, so that it is read at all.
      if (random() % 2 === 0) fixChecksum(bytes.subarray(block, block + 512));
      await applyLayer(Readable.from([bytes]), folder.join(`r${round}`)).catch((error: unknown) => {
        expect(error).toMatchObject({ name: 'UnionfsError', code: expect.stringMatching(/^LAYER_/) });
        refused += 1;
      });
    }
    expect(refused).toBeGreaterThan(50);
    expect(tree(folder.join('canary'))).toEqual(before);
  });
});

function fixChecksum(block: Buffer): void {
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}

/** Numbers that are the same in every run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state >>> 8;
  };
}
