import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { guard, requires, scratch } from '@estiba/testkit';
import { type EntrySpec, layer } from '@estiba/testkit/archive';
import { expect, it } from 'vitest';
import { applyLayer } from '../../src/layer/apply-layer.ts';

guard();

requires({ on: ['host', 'uml'] })('a way in a layer', () => {
  it('makes missing directories, whatever the umask, and replaces what is in the way of them', async () => {
    using folder = scratch('apply');
    writeFileSync(folder.join('way'), '');
    const before = process.umask(0o077);
    try {
      await applyLayer(layer({ name: 'way/to/file' }, { name: 'open', mode: 0o666 }), folder.path);
    } finally {
      process.umask(before);
    }
    expect(lstatSync(folder.join('way/to'))).toMatchObject({ mode: 0o40755, uid: process.geteuid?.() });
    expect(lstatSync(folder.join('open')).mode & 0o777).toBe(0o666);
  });

  it('goes through links of the layers below as inside its root', async () => {
    using folder = scratch('apply');
    mkdirSync(folder.join('run'));
    mkdirSync(folder.join('var'));
    symlinkSync('/run', folder.join('var/run'));
    symlinkSync('../../../../usr/lib', folder.join('lib'));
    await applyLayer(layer({ name: 'var/run/pid', content: '1' }, { name: 'lib/libc.so', content: '2' }), folder.path);
    expect(readFileSync(folder.join('run/pid'), 'utf8')).toBe('1');
    expect(readFileSync(folder.join('usr/lib/libc.so'), 'utf8')).toBe('2');
    expect(lstatSync(folder.join('lib')).isSymbolicLink()).toBe(true);
  });

  it('makes hard links to what is before it or below, and not through a link at the end', async () => {
    using folder = scratch('apply');
    writeFileSync(folder.join('below'), 'b');
    await applyLayer(
      layer(
        { name: 'dir/a', content: 'a' },
        { name: 'dir/link', type: '2', link: '/nowhere' },
        { name: 'x', type: '1', link: 'dir/a' },
        { name: 'y', type: '1', link: '/below' },
        { name: 'z', type: '1', link: './dir/link' },
        { name: 'x', type: '1', link: 'x' },
      ),
      folder.path,
    );
    expect(lstatSync(folder.join('x')).ino).toBe(lstatSync(folder.join('dir/a')).ino);
    expect(lstatSync(folder.join('y')).ino).toBe(lstatSync(folder.join('below')).ino);
    expect(lstatSync(folder.join('z')).isSymbolicLink()).toBe(true);
  });

  it('unpacks more directories than it keeps open', async () => {
    using folder = scratch('apply');
    const entries = Array.from(
      { length: 1000 },
      (_, at): EntrySpec => ({ name: `d${at % 500}/e${at}/file`, content: `${at}` }),
    );
    await applyLayer(layer(...entries), folder.path);
    expect(readFileSync(folder.join('d499/e999/file'), 'utf8')).toBe('999');
    expect(readdirSync('/proc/self/fd').length).toBeLessThan(200);
  });
});
