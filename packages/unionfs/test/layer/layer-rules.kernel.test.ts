/**
 * The rules for applying a layer, one after the other, in both forms: into a directory that holds the layers below, and by
 * itself in overlay form, mounted over them by the kernel.
 * https://github.com/opencontainers/image-spec/blob/main/layer.md#applying-changesets
 */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { Program } from '@estiba/syscalls';
import { guard, requires } from '@estiba/testkit';
import { type EntrySpec, layer } from '@estiba/testkit/archive';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { applyLayer } from '../../src/layer/apply-layer.ts';
import { overlay } from '../../src/steps/overlay.ts';
import { mounting, overlayOptions, trees } from '../mounting.ts';
import { scratchOfLayers } from '../scratch-of-layers.ts';

guard();

const file = (name: string, content = 'new'): EntrySpec => ({ name, content });
const directory = (name: string, mode = 0o755): EntrySpec => ({ name, type: '5', mode });
const link = (name: string, to: string): EntrySpec => ({ name, type: '2', link: to });
const hard = (name: string, to: string): EntrySpec => ({ name, type: '1', link: to });

const below: EntrySpec[] = [
  directory('d', 0o711),
  file('d/a', 'old'),
  file('d/b', 'old'),
  directory('d/sub', 0o711),
  file('d/sub/c', 'old'),
  file('f', 'old'),
  link('l', 'd'),
  hard('h', 'f'),
];
const asBelow = ['d 711', 'd/a old', 'd/b old', 'd/sub 711', 'd/sub/c old', 'f old', 'h old', 'l -> d'];

/** What is there then, but for what is as it was; a name with `-` is gone. */
const rules: Record<string, [EntrySpec[], string[]]> = {
  'what is new is added': [
    [file('new'), directory('e/f')],
    ['e 755', 'e/f 755', 'new new'],
  ],
  'a file over a file replaces it': [[file('f')], ['f new']],
  'a file over one of several names of a file leaves the others': [[file('h')], ['h new']],
  'a file over a directory replaces it with all that is in it': [
    [file('d')],
    ['- d/a', '- d/b', '- d/sub', '- d/sub/c', 'd new'],
  ],
  'a file over a link replaces the link': [[file('l')], ['l new']],
  'a link over a file replaces it': [[link('f', 'x')], ['f -> x']],
  'a link over a directory replaces it': [[link('d', 'x')], ['- d/a', '- d/b', '- d/sub', '- d/sub/c', 'd -> x']],
  'a link over a link replaces it': [[link('l', 'x')], ['l -> x']],
  'a fifo over a directory replaces it': [[{ name: 'd/sub', type: '6' }], ['- d/sub/c', 'd/sub fifo']],
  'a directory over a file replaces it': [[directory('f')], ['f 755']],
  'a directory over a link replaces it': [
    [directory('l', 0o700), file('l/x')],
    ['l 700', 'l/x new'],
  ],
  'a directory over a directory gives it its attributes': [[directory('d', 0o700)], ['d 700']],
  'a hard link over a directory replaces it': [[hard('d/sub', 'f')], ['- d/sub/c', 'd/sub old']],
  'directories that are missing are made': [[file('x/y/z')], ['x 755', 'x/y 755', 'x/y/z new']],
  'a file on the way is replaced by a directory': [[file('f/x')], ['f 755', 'f/x new']],
  'a link on the way is followed': [[file('l/new')], ['d/new new']],
  'a link on the way is followed to what is not there': [
    [link('m', 'no'), file('m/x')],
    ['m -> no', 'no 755', 'no/x new'],
  ],
  'the last of several entries counts': [[file('x', '1'), directory('x'), file('x', '3')], ['x 3']],
  'a whiteout removes a file': [[file('.wh.f')], ['- f']],
  'a whiteout removes a link, and not what it leads to': [[file('.wh.l')], ['- l']],
  'a whiteout removes a directory with all that is in it': [
    [file('.wh.d')],
    ['- d', '- d/a', '- d/b', '- d/sub', '- d/sub/c'],
  ],
  'a whiteout removes in a directory that it leaves as it is': [[file('d/sub/.wh.c')], ['- d/sub/c']],
  'a whiteout of what is not there does nothing': [[file('.wh.no'), file('no/.wh.x'), file('d/no/.wh.x')], []],
  'a whiteout of what is not there does nothing below a file': [[file('f/.wh.x')], []],
  'a whiteout leaves what its layer has there, before it': [[file('d/a'), file('d/.wh.a')], ['d/a new']],
  'a whiteout leaves what its layer has there, behind it': [[file('d/.wh.a'), file('d/a')], ['d/a new']],
  'a whiteout of a directory leaves what its layer has in it, before it': [
    [file('d/new'), file('.wh.d')],
    ['- d/a', '- d/b', '- d/sub', '- d/sub/c', 'd 711', 'd/new new'],
  ],
  'a whiteout of a directory leaves what its layer has in it, behind it': [
    [file('.wh.d'), directory('d', 0o700), file('d/new')],
    ['- d/a', '- d/b', '- d/sub', '- d/sub/c', 'd 700', 'd/new new'],
  ],
  'a whiteout of a directory below which the layer replaces something': [
    [directory('d', 0o700), file('d/sub/x'), file('d/.wh.sub')],
    ['- d/sub/c', 'd 700', 'd/sub 711', 'd/sub/x new'],
  ],
  'an opaque directory hides all that is in it, and stays': [
    [file('d/.wh..wh..opq')],
    ['- d/a', '- d/b', '- d/sub', '- d/sub/c'],
  ],
  'an opaque directory leaves what its layer has in it, before and behind': [
    [file('d/a'), file('d/.wh..wh..opq'), file('d/new')],
    ['- d/b', '- d/sub', '- d/sub/c', 'd/a new', 'd/new new'],
  ],
  'an opaque directory in an opaque directory': [
    [directory('d/sub', 0o700), file('d/sub/.wh..wh..opq'), file('d/.wh..wh..opq'), file('d/sub/x')],
    ['- d/a', '- d/b', '- d/sub/c', 'd/sub 700', 'd/sub/x new'],
  ],
  'a whiteout in an opaque directory': [
    [file('d/.wh..wh..opq'), file('d/.wh.a'), file('d/sub/.wh.c'), file('d/b')],
    ['- d/a', '- d/sub', '- d/sub/c', 'd/b new'],
  ],
  'an opaque directory that is not there does nothing': [[file('no/.wh..wh..opq')], []],
  'an opaque directory that was a file': [
    [directory('f'), file('f/.wh..wh..opq'), file('f/x')],
    ['f 755', 'f/x new'],
  ],
  'marks of aufs mean nothing': [[file('.wh..wh.aufs'), directory('d/.wh..wh.plnk'), file('d/.wh..wh.plnk/x')], []],
  'a device 0:0 is a whiteout': [[{ name: 'd/a', type: '3' }], ['- d/a']],
  'a hard link to a file of below': [[hard('new', 'd/a')], ['new old']],
  'a hard link to a file of below that is replaced then': [
    [hard('new', 'd/a'), file('d/a')],
    ['d/a new', 'new old'],
  ],
  'a hard link to a file of below that is hidden then': [
    [hard('new', 'd/a'), file('d/.wh.a')],
    ['- d/a', 'new old'],
  ],
  'a hard link to a link of below': [[hard('new', 'l')], ['new -> d']],
  'a hard link through a link of below': [[hard('new', 'l/a')], ['new old']],
};

requires({ on: ['host', 'uml'], ...mounting })('when a layer is applied,', () => {
  const folder = scratchOfLayers('rules');
  let found: Map<string, string[][]>;

  beforeAll(async () => {
    const overlays: Program[] = [];
    const paths: string[] = [];
    for (const [at, [entries]] of Object.values(rules).entries()) {
      const place = (name: string) => folder.join(String(at), name);
      for (const name of ['flat', 'below', 'layer']) mkdirSync(place(name), { recursive: true });
      await applyLayer(layer(...below), place('flat'));
      await applyLayer(layer(...entries), place('flat'));
      await applyLayer(layer(...below), place('below'), { whiteouts: 'overlay' });
      const lower = [place('below')];
      await applyLayer(layer(...entries), place('layer'), { whiteouts: 'overlay', lower });
      overlays.push(overlay({ lower: [place('layer'), ...lower], target: place('merged'), options: overlayOptions }));
      paths.push(place('flat'), place('merged'));
    }
    const all = await trees(overlays, paths, { times: false });
    found = new Map(Object.keys(rules).map((rule, at) => [rule, [all[2 * at] ?? [], all[2 * at + 1] ?? []]]));
  }, 60_000);

  afterAll(() => folder[Symbol.dispose]());

  it.each(Object.entries(rules))('%s', (rule, [entries, changes]) => {
    const gone = changes.filter((line) => line.startsWith('- ')).map((line) => line.slice(2));
    const kept = changes.filter((line) => !line.startsWith('- '));
    const named = new Set([...gone, ...kept.map((line) => line.split(' ')[0])]);
    const expected = [...asBelow.filter((line) => !named.has(line.split(' ')[0])), ...kept].sort();
    const contents = new Map([...below, ...entries].map(({ content = '' }) => [digest(content), String(content)]));
    for (const lines of found.get(rule) ?? [[]])
      expect(
        lines
          .slice(1)
          .map((line) => short(line, contents))
          .sort(),
      ).toEqual(expected);
  });
});

function digest(content: string | Buffer): string {
  return createHash('sha1').update(content).digest('hex');
}

/** `path content`, `path mode` of a directory, `path -> target`, `path fifo`. */
function short(line: string, contents: Map<string, string>): string {
  const [name = '', mode = '', , fact = ''] = line.split(' ');
  const path = name.slice(2);
  const type = Number.parseInt(mode, 8) & 0o170000;
  if (type === 0o040000) return `${path} ${(Number.parseInt(mode, 8) & 0o7777).toString(8)}`;
  if (type === 0o120000) return `${path} -> ${fact}`;
  if (type === 0o010000) return `${path} fifo`;
  return `${path} ${contents.get(fact)}`;
}
