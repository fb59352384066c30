/** The one door by which names of strangers come to the kernel. */
import { closeSync, fstatSync, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { guard, requires, scratch } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { openBeneath } from '../../src/layer/beneath.ts';

guard();

requires({ on: ['host', 'uml'], path: '/proc/self/fd' })('a name is opened beneath its directory', () => {
  const opened = (root: string, name: string) => {
    const directory = openSync(root, 'r');
    try {
      const fd = openBeneath(directory, name, ['path']);
      if (typeof fd === 'number') closeSync(fd);
      return typeof fd;
    } finally {
      closeSync(directory);
    }
  };

  it('or the kernel says that it is not there', () => {
    using folder = scratch('beneath');
    mkdirSync(folder.join('root/dir'), { recursive: true });
    writeFileSync(folder.join('root/dir/file'), '');
    expect(opened(folder.join('root'), 'dir/file')).toBe('number');
    expect(opened(folder.join('root'), 'dir/none')).toBe('string');
  });

  it.each([
    ['..', 'EXDEV'],
    ['dir/../../outside', 'EXDEV'],
    ['/etc', 'EXDEV'],
  ])('and not by the name %s', (name, code) => {
    using folder = scratch('beneath');
    mkdirSync(folder.join('root/dir'), { recursive: true });
    writeFileSync(folder.join('outside'), '');
    expect(() => opened(folder.join('root'), name)).toThrow(expect.objectContaining({ code }));
  });

  it('and not through a link, even to inside', () => {
    using folder = scratch('beneath');
    mkdirSync(folder.join('root/dir/inner'), { recursive: true });
    symlinkSync('dir', folder.join('root/link'));
    expect(opened(folder.join('root'), 'link/inner')).toBe('string');
    // A link at the end stands for itself.
    const directory = openSync(folder.join('root'), 'r');
    const link = openBeneath(directory, 'link', ['path']) as number;
    expect(fstatSync(link).isSymbolicLink()).toBe(true);
    closeSync(link);
    closeSync(directory);
  });

  it('and not through a link of proc', () => {
    expect(opened('/proc/self', 'root/etc')).toBe('string');
  });

  it('and not on another file system', () => {
    expect(() => opened('/', 'proc/self/status')).toThrow(expect.objectContaining({ code: 'EXDEV' }));
  });
});
