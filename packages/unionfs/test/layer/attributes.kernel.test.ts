/** What the kernel does to attributes behind one's back, undone. */
import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync, readFileSync, utimesSync } from 'node:fs';
import { perform, syscall } from '@estiba/syscalls';
import { guard, requires, scratch } from '@estiba/testkit';
import { layer } from '@estiba/testkit/archive';
import { expect, it } from 'vitest';
import { applyLayer } from '../../src/layer/apply-layer.ts';
import { scratchOfLayers } from '../scratch-of-layers.ts';
import { tree, xattrs } from '../tree.ts';

guard();

const xattr = (name: string, value: string | Buffer) => ({ [`SCHILY.xattr.${name}`]: value });
/** With a user of its own, so that it is more than a mode. */
const acl = Buffer.from(
  '0200000001000700ffffffff020007003930000004000500ffffffff10000700ffffffff20000500ffffffff',
  'hex',
);

requires({ on: ['host', 'uml'] })('attributes', () => {
  it('of files and directories that their owner may not write are set before the mode is', async () => {
    using folder = scratchOfLayers('attributes');
    const pax = xattr('user.note', 'x');
    await applyLayer(
      layer(
        { name: 'd/', type: '5', mode: 0o111, pax },
        { name: 'd/f', mode: 0o000, pax },
        { name: './', type: '5', mode: 0o555, pax },
      ),
      folder.path,
    );
    chmodSync(folder.path, 0o700);
    const [directory, root] = [lstatSync(folder.join('d')), lstatSync(folder.path)];
    expect([directory.mode & 0o777, root.mode & 0o777]).toEqual([0o111, 0o700]);
    chmodSync(folder.join('d'), 0o700);
    chmodSync(folder.join('d/f'), 0o600);
    for (const path of ['d', 'd/f', '.']) expect(xattrs(folder.join(path))).toEqual(['user.note=78']);
  });

  it('that this machine or this user cannot have are told with the name of the entry', async () => {
    using folder = scratch('attributes');
    const { skipped } = await applyLayer(
      layer(
        { name: 'd/', type: '5', pax: xattr('nobody.knows', 'x') },
        { name: 'd/f', pax: xattr('trusted.overlay.redirect', '/x') },
        { name: 'd/l', type: '2', link: 'f', pax: xattr('user.note', 'x') },
        { name: './', type: '5', pax: xattr('user.overlay.opaque', 'y') },
      ),
      folder.path,
    );
    expect(skipped).toEqual([
      '"d/f": extended attribute trusted.overlay.redirect',
      '"d/l": extended attribute user.note',
      '"d": extended attribute nobody.knows',
      '".": extended attribute user.overlay.opaque',
    ]);
  });

  it('that the kernel refuses of a directory are an error about that directory', async () => {
    using folder = scratch('attributes');
    const applied = applyLayer(
      layer({ name: 'a/d/', type: '5', pax: xattr('user.', 'x') }, { name: 'a/d/f' }),
      folder.path,
    );
    await expect(applied).rejects.toMatchObject({ name: 'UnionfsError', code: 'LAYER_REFUSED', entry: 'a/d' });
  });

  it('of a directory that was there are replaced by those of the entry, not added to', async () => {
    using folder = scratch('attributes');
    await applyLayer(
      layer({ name: 'd/', type: '5', pax: { ...xattr('user.a', '1'), ...xattr('user.b', '2') } }),
      folder.path,
    );
    await applyLayer(layer({ name: 'd/', type: '5', mode: 0o700, pax: xattr('user.b', '3') }), folder.path);
    expect(xattrs(folder.join('d'))).toEqual(['user.b=33']);
  });

  it('of a directory that was there and is not named stay', async () => {
    using folder = scratch('attributes');
    const pax = { ...xattr('user.a', '1'), ...xattr('system.posix_acl_default', acl) };
    await applyLayer(layer({ name: 'd/', type: '5', mode: 0o750, mtime: 7, pax }), folder.path);
    const before = tree(folder.path);
    await applyLayer(layer({ name: 'd/f' }, { name: 'd/sub/', type: '5' }), folder.path);
    const after = tree(folder.path).filter((line) => !/^\.\/d\/(f|sub) /.test(line));
    expect(after.slice(1)).toEqual(before.slice(1));
  });

  it('are not inherited from the access list of a directory that was there', async () => {
    using folder = scratch('attributes');
    await applyLayer(layer({ name: 'd/', type: '5', pax: xattr('system.posix_acl_default', acl) }), folder.path);
    await applyLayer(layer({ name: 'd/f' }, { name: 'd/sub/', type: '5' }, { name: 'd/made/f' }), folder.path);
    for (const path of ['d/f', 'd/sub', 'd/made', 'd/made/f']) expect(xattrs(folder.join(path))).toEqual([]);
    expect(lstatSync(folder.join('d/f')).mode & 0o777).toBe(0o644);
  });

  it('of directories that no entry describes are the same every time', async () => {
    using folder = scratch('attributes');
    await applyLayer(layer({ name: 'a/b/f' }), folder.path);
    expect(lstatSync(folder.join('a/b'))).toMatchObject({ mode: 0o40755, mtimeMs: 0, uid: process.geteuid?.() });
    expect(lstatSync(folder.join('a'))).toMatchObject({ mode: 0o40755, mtimeMs: 0 });
  });
});

requires({ on: ['host', 'uml'], root: true })('attributes that root sets', () => {
  it('survive the owner and the mode: set-id bits, access lists, capabilities', async () => {
    using folder = scratch('attributes');
    const pax = {
      ...xattr('security.capability', Buffer.from('0100000200040000000000000000000000000000', 'hex')),
      ...xattr('system.posix_acl_access', acl),
      ...xattr('user.a', '1'),
      ...xattr('trusted.b', '2'),
    };
    await applyLayer(layer({ name: 'f', mode: 0o6775, uid: 5, gid: 6, pax }), folder.path);
    expect(lstatSync(folder.join('f'))).toMatchObject({ mode: 0o106775, uid: 5, gid: 6 });
    expect(xattrs(folder.join('f'))).toEqual([
      'security.capability=0100000200040000000000000000000000000000',
      `system.posix_acl_access=${acl.toString('hex')}`,
      'trusted.b=32',
      'user.a=31',
    ]);
  });

  it('go along from below as far as they are of the file: not those of an overlay or of the machine', async () => {
    using folder = scratch('attributes');
    for (const path of ['below/d', 'layer']) mkdirSync(folder.join(path), { recursive: true });
    execFileSync('ln', ['-s', 'x', folder.join('below/l')]);
    const set = (path: string, name: string, value = 'x') =>
      perform([syscall('lsetxattr', folder.join(path), name, value, value.length, 0)]);
    for (const path of ['below', 'below/d']) {
      for (const name of ['user.a', 'trusted.a', 'trusted.overlay.origin', 'trusted.overlay.impure', 'security.other'])
        set(path, name);
    }
    set('below/l', 'trusted.a');
    utimesSync(folder.join('below/d'), 5, 5);
    await applyLayer(layer({ name: 'd/f' }, { name: 'hard', type: '1', link: 'l' }), folder.join('layer'), {
      whiteouts: 'overlay',
      lower: [folder.join('below')],
    });
    expect(xattrs(folder.join('layer/d'))).toEqual(['trusted.a=78', 'user.a=78']);
    expect(xattrs(folder.join('layer'))).toEqual(['trusted.a=78', 'user.a=78']);
    expect(xattrs(folder.join('layer/l'))).toEqual(['trusted.a=78']);
    expect(lstatSync(folder.join('layer/d')).mtimeMs).toBe(5000);
  });
});

requires({ on: ['host', 'uml'] })('the root of a layer', () => {
  it.each([0o000, 0o311, 0o1777, 0o2755])('may have any mode, also %o', async (mode) => {
    using folder = scratchOfLayers('root');
    const root = folder.join('root');
    mkdirSync(root);
    await applyLayer(layer({ name: './', type: '5', mode }, { name: 'd/f', content: 'x' }), root);
    expect(lstatSync(root).mode & 0o7777).toBe(mode);
    // Once more, into what is closed to its owner now.
    await applyLayer(layer({ name: 'd/g', content: 'y' }), root);
    expect(lstatSync(root).mode & 0o7777).toBe(mode);
    chmodSync(root, 0o755);
    expect(readFileSync(folder.join('root/d/g'), 'utf8')).toBe('y');
  });
});
