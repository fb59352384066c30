import { lstatSync, mkdirSync, statSync } from 'node:fs';
import { guard, requires, scratch } from '@estiba/testkit';
import { layer } from '@estiba/testkit/archive';
import { expect, it } from 'vitest';
import { applyLayer } from '../../src/layer/apply-layer.ts';
import { tree, xattrs } from '../tree.ts';

guard();

const map = [{ inside: 0, outside: 100_000, count: 65_536 }];
const owner = { uid: map, gid: map };
const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');

requires({ on: ['host', 'uml'], root: true })('a layer unpacked for a user namespace', () => {
  it('belongs to who is who there, whatever kind an entry is of, and what no entry describes', async () => {
    using folder = scratch('owners');
    mkdirSync(folder.join('root'));
    await applyLayer(
      layer(
        { name: 'implicit/file', uid: 7, gid: 8, mode: 0o6755, content: 'x' },
        { name: 'dir/', type: '5', uid: 9, gid: 10 },
        { name: 'link', type: '2', link: 'x', uid: 11, gid: 12 },
        { name: 'null', type: '3', device: [1, 3], uid: 13, gid: 14 },
        { name: 'hard', type: '1', link: 'implicit/file' },
      ),
      folder.join('root'),
      { owner, whiteouts: 'overlay' },
    );
    const owners = tree(folder.join('root'), { times: false }).map((line) => line.split(' ').slice(0, 3).join(' '));
    expect(owners).toEqual([
      '. 40755 100000:100000',
      './dir 40755 100009:100010',
      './hard 106755 100007:100008',
      './implicit 40755 100000:100000',
      './implicit/file 106755 100007:100008',
      './link 120777 100011:100012',
      './null 20644 100013:100014',
    ]);
  });

  it('has capabilities that the kernel takes as those of its root', async () => {
    using folder = scratch('owners');
    await applyLayer(layer({ name: 'f', pax: { 'SCHILY.xattr.security.capability': capability } }), folder.path, {
      owner,
    });
    expect(xattrs(folder.join('f'))).toEqual(['security.capability=0100000300040000000000000000000000000000a0860100']);
  });

  it('leans on a layer that was unpacked so, without shifting that once more', async () => {
    using folder = scratch('owners');
    for (const name of ['below', 'layer']) mkdirSync(folder.join(name));
    const below = layer({ name: 'dir/', type: '5', uid: 5 }, { name: 'dir/tool', uid: 6, content: 'x' });
    await applyLayer(below, folder.join('below'), { owner, whiteouts: 'overlay' });
    await applyLayer(layer({ name: 'dir/alias', type: '1', link: 'dir/tool' }), folder.join('layer'), {
      owner,
      whiteouts: 'overlay',
      lower: [folder.join('below')],
    });
    expect(statSync(folder.join('layer/dir')).uid).toBe(100_005);
    expect(statSync(folder.join('layer/dir/alias')).uid).toBe(100_006);
  });

  it('is refused at an id that has no place there, with its name', async () => {
    using folder = scratch('owners');
    const applied = applyLayer(layer({ name: 'a' }, { name: 'b', uid: 70_000 }), folder.path, { owner });
    await expect(applied).rejects.toMatchObject({ code: 'LAYER_REFUSED', entry: 'b' });
    expect(lstatSync(folder.join('b'), { throwIfNoEntry: false })).toBeUndefined();
  });
});
