import { explain } from '@estiba/syscalls';
import { describe, expect, it } from 'vitest';
import { bind, devices, overlay, overlayTree, pivotRoot, symlink, tmpfs, UnionfsError } from '../../src/index.ts';

const lines = (program: Parameters<typeof explain>[0]) => explain(program);

describe('steps', () => {
  it('of an overlay set everything before they attach it', () => {
    const text = lines(
      overlay({
        lower: ['/b', '/a'],
        upper: '/u',
        work: '/w',
        target: '/t',
        options: ['userxattr'],
        attributes: ['nodev'],
      }),
    );
    const order = [
      '"/b"',
      '"/a"',
      '"upperdir", "/u"',
      '"workdir", "/w"',
      '"userxattr"',
      'FSCONFIG_CMD_CREATE',
      'fsmount',
      'move_mount',
    ];
    expect(order.map((part) => text.indexOf(part)).toSorted((a, b) => a - b)).toEqual(
      order.map((part) => text.indexOf(part)),
    );
    expect(order.every((part) => text.includes(part))).toBe(true);
  });

  it('of a detached overlay do not attach it', () => {
    expect(lines(overlayTree({ lower: ['/b', '/a'] }).steps)).not.toContain('move_mount');
  });

  it('of a read-only bind make it read-only before they attach it', () => {
    const text = lines(bind('/a', '/b', { readonly: true, recursive: true }));
    expect(text.indexOf('mount_setattr')).toBeGreaterThan(text.indexOf('open_tree'));
    expect(text.indexOf('move_mount')).toBeGreaterThan(text.indexOf('mount_setattr'));
  });

  it('name no path of the tree they are for but the place to attach to', () => {
    const paths = lines(devices('/root/dev')).match(/"\/root\/dev[^"]*"/g);
    expect([...new Set(paths)]).toEqual(['"/root/dev"']);
  });

  it.each([
    ['mount overlay on /t', overlay({ lower: ['/a'], target: '/t' })],
    ['mount tmpfs on /t', tmpfs('/t', { size: '1m', mode: 0o755 })],
    ['mount devices on /dev', devices()],
    ['bind /a to /b', bind('/a', '/b')],
    ['link /dev/core to /proc/kcore', symlink('/proc/kcore', '/dev/core')],
    ['change the root to /r', pivotRoot('/r', { readonly: true })],
  ])('are called "%s"', (label, steps) => {
    expect(lines(steps)).toContain(label);
  });
});

describe('an overlay is refused before anything is done', () => {
  it.each([
    ['without lower directories', { lower: [] }, 'at least one lower directory'],
    ['of more than the kernel takes', { lower: Array.from({ length: 501 }, (_, at) => `/l${at}`) }, 'at most 500'],
    ['with upper and without work', { lower: ['/a'], upper: '/u' }, 'upper and work go together'],
    ['with a path that does not fit', { lower: [`/${'a'.repeat(255)}`] }, 'at most 255 bytes'],
    ['with a NUL in a path', { lower: ['/a\0b'] }, 'has a NUL in it'],
  ])('%s', (_, options, message) => {
    expect(() => overlayTree(options)).toThrow(UnionfsError);
    expect(() => overlayTree(options)).toThrow(message);
  });
});

describe('options', () => {
  it('of an overlay are told to the kernel in its own words', () => {
    const text = lines(
      overlay({
        lower: ['/b', '/a'],
        upper: '/u\\x',
        work: '/w',
        target: '/t',
        volatile: true,
        userxattr: true,
        xino: 'auto',
        index: false,
        redirectDir: 'nofollow',
        metacopy: false,
        options: ['uuid=null', 'nfs_export'],
      }),
    );
    for (const option of [
      '"volatile", NULL',
      '"userxattr", NULL',
      '"xino", "auto"',
      '"index", "off"',
      '"redirect_dir", "nofollow"',
      '"metacopy", "off"',
      '"uuid", "null"',
      '"nfs_export", NULL',
      // The kernel takes backslashes in this one for marks.
      '"upperdir", "/u\\\\\\\\x"',
    ])
      expect(text).toContain(option);
  });

  it('of a tmpfs are told to the kernel in its own words, and those left out are not', () => {
    const text = lines(tmpfs('/t', { size: 4096, inodes: 5, mode: 0o700, uid: 1, gid: 2, huge: 'never' }));
    for (const option of ['"size", "4096"', '"nr_inodes", "5"', '"mode", "700"', '"uid", "1"', '"gid", "2"', '"huge"'])
      expect(text).toContain(option);
    expect(lines(tmpfs('/t'))).not.toMatch(/"size"|nr_inodes|"uid"|huge/);
  });

  it('of a bind are set in one call, before it is attached, and it is private unless told', () => {
    const text = lines(bind('/a', '/b', { recursive: true, readonly: true, attributes: ['nosuid', 'noatime'] }));
    expect(text.match(/mount_setattr/g)).toHaveLength(1);
    expect(text).toMatch(/MOUNT_ATTR_RDONLY\|MOUNT_ATTR_NOSUID.*MOUNT_ATTR_NOATIME/);
    expect(text).toContain('MS_PRIVATE');
    expect(lines(bind('/a', '/b', { propagation: 'slave' }))).toContain('MS_SLAVE');
  });

  it('of a bind with an id map open the user namespace in the program that needs it', () => {
    const text = lines(bind('/a', '/b', { idmap: '/proc/7/ns/user' }));
    expect(text.indexOf('"/proc/7/ns/user"')).toBeGreaterThan(0);
    expect(text.indexOf('MOUNT_ATTR_IDMAP')).toBeGreaterThan(text.indexOf('"/proc/7/ns/user"'));
  });
});
