import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { mknod, perform } from '@estiba/syscalls';
import { guard, requires, scratch } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { applyLayer } from '../../src/layer/apply-layer.ts';
import { archive, type EntrySpec, entryBytes, layer } from '../archive.ts';
import { tree, xattrs } from '../tree.ts';

guard();

requires({ on: ['host', 'uml'], command: 'tar' })('a layer from GNU tar', () => {
  it('unpacks to what GNU tar unpacks: owners, modes, times, links, devices and attributes', async () => {
    using folder = scratch('apply');
    mkdirSync(folder.join('ours'));
    mkdirSync(folder.join('theirs'));
    makeSource(folder.join('source'));
    const options = [
      '--xattrs',
      '--xattrs-include=*',
      '--numeric-owner',
      '--format=posix',
      '--pax-option=delete=atime,delete=ctime',
    ];
    const bytes = execFileSync('tar', [...options, '-C', folder.join('source'), '-cf', '-', '.'], {
      maxBuffer: 2 ** 26,
    });
    execFileSync('tar', [...options, '-C', folder.join('theirs'), '-xpf', '-'], {
      input: bytes,
      // It warns of times before 1970.
      stdio: ['pipe', 'inherit', 'ignore'],
    });
    const result = await applyLayer(Readable.from([bytes]), folder.join('ours'));
    expect(tree(folder.join('ours'))).toEqual(tree(folder.join('theirs')));
    expect(tree(folder.join('ours'))).toEqual(tree(folder.join('source')));
    expect(result).toEqual({ diffId: sha256(bytes), size: bytes.length, opaque: false, skipped: [] });
  });
});

requires({ on: ['host', 'uml'] })('a layer', () => {
  it.each([
    ['gzip', gzipSync],
    [
      'two gzip members',
      (bytes: Buffer) => Buffer.concat([gzipSync(bytes.subarray(0, 700)), gzipSync(bytes.subarray(700))]),
    ],
    ['zstd', zstdCompressSync],
    ['no compression', (bytes: Buffer) => bytes],
  ])('unpacks from %s, told by its first bytes', async (_, compress) => {
    using folder = scratch('apply');
    const bytes = archive({ name: 'file', content: 'x'.repeat(3000) });
    const { diffId, size } = await applyLayer(Readable.from([compress(bytes)]), folder.path);
    expect({ diffId, size }).toEqual({ diffId: sha256(bytes), size: bytes.length });
    expect(readFileSync(folder.join('file'), 'utf8')).toBe('x'.repeat(3000));
  });

  it('arrives in single bytes just as well', async () => {
    using folder = scratch('apply');
    const bytes = gzipSync(archive({ name: 'a/b', content: 'hello' }));
    await applyLayer(Readable.from([...bytes].map((byte) => Buffer.from([byte]))), folder.path);
    expect(readFileSync(folder.join('a/b'), 'utf8')).toBe('hello');
  });

  it('counts what follows the end of its archive into its digest', async () => {
    using folder = scratch('apply');
    const bytes = Buffer.concat([archive({ name: 'x' }), Buffer.alloc(5000)]);
    expect((await applyLayer(Readable.from([bytes]), folder.path)).diffId).toBe(sha256(bytes));
  });

  it('is refused when its digest is another one', async () => {
    using folder = scratch('apply');
    const expected = `sha256:${'0'.repeat(64)}`;
    await expect(applyLayer(layer({ name: 'x' }), folder.path, { expect: expected })).rejects.toMatchObject({
      code: 'LAYER_MISMATCH',
    });
  });

  it('cannot tell the overlay that its tree will be part of anything', async () => {
    using folder = scratch('apply');
    const pax = {
      'SCHILY.xattr.trusted.overlay.redirect': '/x',
      'SCHILY.xattr.user.overlay.opaque': 'y',
      'SCHILY.xattr.user.own': 'z',
    };
    await applyLayer(layer({ name: 'dir/', type: '5', pax }), folder.path);
    expect(xattrs(folder.join('dir'))).toEqual(['user.own=7a']);
  });

  it('replaces what is there: anything by anything, a directory only by what is none', async () => {
    using folder = scratch('apply');
    mkdirSync(folder.join('dir/with/more'), { recursive: true });
    mkdirSync(folder.join('stays'));
    writeFileSync(folder.join('stays/file'), 'below');
    writeFileSync(folder.join('file'), 'below');
    symlinkSync('stays', folder.join('link'));
    symlinkSync('stays/file', folder.join('filelink'));
    await applyLayer(
      layer(
        { name: 'dir', content: 'now a file' },
        { name: 'stays/', type: '5', mode: 0o700, mtime: 42 },
        { name: 'file/', type: '5' },
        { name: 'file/inside', content: 'x' },
        { name: 'link/', type: '5' },
        { name: 'filelink', content: 'new' },
      ),
      folder.path,
    );
    expect(readFileSync(folder.join('dir'), 'utf8')).toBe('now a file');
    expect(readFileSync(folder.join('stays/file'), 'utf8')).toBe('below');
    expect(statSync(folder.join('stays'))).toMatchObject({ mode: 0o40700, mtimeMs: 42_000 });
    expect(readFileSync(folder.join('file/inside'), 'utf8')).toBe('x');
    expect(readdirSync(folder.join('link'))).toEqual([]);
    expect(lstatSync(folder.join('link')).isDirectory()).toBe(true);
    expect(readFileSync(folder.join('filelink'), 'utf8')).toBe('new');
  });

  it('breaks a hard link to below instead of writing through it', async () => {
    using folder = scratch('apply');
    writeFileSync(folder.join('a'), 'below');
    execFileSync('ln', [folder.join('a'), folder.join('b')]);
    await applyLayer(layer({ name: 'b', content: 'new' }), folder.path);
    expect(readFileSync(folder.join('a'), 'utf8')).toBe('below');
  });

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

  it('keeps names that are not UTF-8', async () => {
    using folder = scratch('apply');
    const name = Buffer.from([0x66, 0xff, 0xfe]);
    await applyLayer(layer({ name, content: 'x' }, { name: 'link', type: '2', link: name }), folder.path);
    expect(readdirSync(folder.path, { encoding: 'buffer' }).map((found) => found.toString('hex'))).toContain('66fffe');
    expect(readFileSync(folder.join('link'), 'utf8')).toBe('x');
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

  it('leaves no descriptor open, whether it works or not', async () => {
    using folder = scratch('apply');
    const before = readdirSync('/proc/self/fd').length;
    await applyLayer(layer({ name: 'a/b/c', content: 'x', pax: { mtime: '1.5' } }), folder.path);
    const cut = archive(
      { name: 'a/x', content: 'x', pax: { mtime: '1.5' } },
      { name: 'b/y', content: 'y'.repeat(999) },
    );
    await expect(applyLayer(Readable.from([cut.subarray(0, 3000)]), folder.path)).rejects.toThrow('cut off');
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });

  it('stops when it is aborted, though its source has nothing to say', async () => {
    using folder = scratch('apply');
    const stalled = new Readable({ read() {} });
    stalled.push(entryBytes({ name: 'x' }));
    const abort = new AbortController();
    const applied = applyLayer(stalled, folder.path, { signal: abort.signal });
    setTimeout(() => abort.abort(new Error('enough')), 20);
    await expect(applied).rejects.toThrow('enough');
    expect(stalled.destroyed).toBe(true);
  });

  it('passes on what went wrong with its source', async () => {
    using folder = scratch('apply');
    const source = Readable.from(
      (async function* () {
        yield gzipSync(entryBytes({ name: 'x' })).subarray(0, 20);
        throw new Error('the registry hung up');
      })(),
    );
    await expect(applyLayer(source, folder.path)).rejects.toThrow('the registry hung up');
  });
});

requires({ on: ['host', 'uml'], root: true })('a layer that root unpacks', () => {
  it('keeps set-id bits and file capabilities of files that belong to others', async () => {
    using folder = scratch('apply');
    const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');
    await applyLayer(
      layer(
        { name: 'setuid', mode: 0o6755, uid: 12345, gid: 54321 },
        { name: 'capable', mode: 0o755, uid: 12345, pax: { 'SCHILY.xattr.security.capability': capability } },
      ),
      folder.path,
    );
    expect(lstatSync(folder.join('setuid'))).toMatchObject({ mode: 0o106755, uid: 12345, gid: 54321 });
    expect(xattrs(folder.join('capable'))).toEqual([`security.capability=${capability.toString('hex')}`]);
  });
});

requires({ on: ['host', 'uml'] })('what a layer hides', () => {
  const below = (folder: { join(...parts: string[]): string }) => {
    for (const path of ['dir/a', 'dir/b', 'dir/sub/c', 'other/d']) {
      mkdirSync(folder.join(path, '..'), { recursive: true });
      writeFileSync(folder.join(path), 'below');
    }
  };

  it('is gone, with all that is below it', async () => {
    using folder = scratch('whiteout');
    below(folder);
    await applyLayer(
      layer({ name: '.wh.dir' }, { name: 'other/.wh.d' }, { name: '.wh.never' }, { name: 'no/.wh.x' }),
      folder.path,
    );
    expect(readdirSync(folder.path)).toEqual(['other']);
    expect(readdirSync(folder.join('other'))).toEqual([]);
  });

  const own: EntrySpec[] = [
    { name: 'dir/new', content: 'own' },
    { name: 'dir/sub/', type: '5' },
    { name: 'dir/b', content: 'own' },
  ];
  const cases: [string, EntrySpec[], string[]][] = [
    ['an opaque directory', [{ name: 'dir/.wh..wh..opq' }], ['b', 'new', 'sub']],
    ['a whiteout of the directory', [{ name: '.wh.dir' }], ['b', 'new', 'sub']],
    ['an opaque root', [{ name: '.wh..wh..opq' }], ['b', 'new', 'sub']],
    ['a whiteout of a file', [{ name: 'dir/.wh.b' }, { name: 'dir/.wh.a' }], ['b', 'new', 'sub']],
  ];
  it.each(cases)('by %s is only what lies below, before or after its own entries', async (_, hiding, expected) => {
    for (const entries of [
      [...hiding, ...own],
      [...own, ...hiding],
    ]) {
      using folder = scratch('whiteout');
      below(folder);
      await applyLayer(layer(...entries), folder.path);
      expect(readdirSync(folder.join('dir')).sort()).toEqual(expected);
      expect(readFileSync(folder.join('dir/b'), 'utf8')).toBe('own');
      expect(existsSync(folder.join('dir/sub/c'))).toBe(hiding[0]?.name === 'dir/.wh.b');
    }
  });

  it('has nothing to do with marks that aufs left', async () => {
    using folder = scratch('whiteout');
    below(folder);
    const marks = [{ name: '.wh..wh.aufs' }, { name: '.wh..wh.plnk/', type: '5' }, { name: '.wh..wh.plnk/12.34' }];
    await applyLayer(layer(...marks), folder.path);
    expect(readdirSync(folder.path).sort()).toEqual(['dir', 'other']);
  });

  it.each(['.wh.', 'dir/.wh.', '.wh..', '.wh...', '.wh.x/y'])('cannot be %s', async (name) => {
    using folder = scratch('whiteout');
    below(folder);
    const before = tree(folder.path);
    await expect(applyLayer(layer({ name }), folder.path)).rejects.toMatchObject({
      code: 'LAYER_INVALID',
      entry: name,
    });
    expect(tree(folder.path)).toEqual(before);
  });

  it('removes a tree deeper than any path', async () => {
    using folder = scratch('whiteout');
    const script =
      'import os,sys\nos.chdir(sys.argv[1])\nfor i in range(50):\n  n="d"*(1 if i==0 else 200)\n  os.mkdir(n); open("f","w").close(); os.chdir(n)';
    expect(spawnSync('python3', ['-c', script, folder.path]).status).toBe(0);
    await applyLayer(layer({ name: '.wh.d' }, { name: 'new/', type: '5' }), folder.path);
    expect(readdirSync(folder.path).sort()).toEqual(['f', 'new']);
  });
});

requires({ on: ['host', 'uml'] })('bytes that are no layer', () => {
  it.each([
    [
      'a gzip stream that is cut off',
      gzipSync(archive({ name: 'x', content: 'y'.repeat(4000) })).subarray(0, 60),
      'cut off',
    ],
    ['a gzip stream with a wrong checksum', corrupted(gzipSync(archive({ name: 'x' }))), 'cannot decompress the layer'],
    [
      'a zstd stream that is cut off',
      zstdCompressSync(archive({ name: 'x', content: 'y'.repeat(4000) })).subarray(0, 60),
      'cut off',
    ],
    ['an xz stream', Buffer.from('fd377a585a000004', 'hex'), 'compressed by xz; use gzip or zstd'],
    ['a text', Buffer.alloc(600, 'hello '), 'checksum'],
  ])('%s is refused', async (_, bytes, message) => {
    using folder = scratch('bad');
    await expect(applyLayer(Readable.from([bytes]), folder.path, { owner: 'self' })).rejects.toMatchObject({
      code: 'LAYER_INVALID',
      message: expect.stringContaining(message),
    });
  });

  it('are not asked for when the directory is missing', async () => {
    await expect(applyLayer(layer({ name: 'x' }), '/nonexistent/directory')).rejects.toMatchObject({
      code: 'LAYER_REFUSED',
    });
  });
});

function makeSource(root: string): void {
  mkdirSync(`${root}/dir/sub`, { recursive: true });
  writeFileSync(`${root}/dir/file`, 'content');
  writeFileSync(`${root}/big`, Buffer.alloc(3_000_001, 'big'));
  writeFileSync(`${root}/setuid`, '');
  symlinkSync('/etc/passwd', `${root}/absolute`);
  symlinkSync('../../up', `${root}/dir/up`);
  execFileSync('ln', [`${root}/dir/file`, `${root}/dir/sub/hard`]);
  execFileSync('mkfifo', ['-m', '0640', `${root}/fifo`]);
  if (process.geteuid?.() === 0) addWhatOnlyRootMay(root);
  execFileSync('chmod', ['6711', `${root}/setuid`]);
  execFileSync('chmod', ['1777', `${root}/dir/sub`]);
  execFileSync('setfattr', ['-n', 'user.note', '-v', '0x000aff', `${root}/dir/file`]);
  execFileSync('setfattr', ['-n', 'user.note', '-v', 'dir', `${root}/dir`]);
  execFileSync('touch', ['-h', '-d', '1969-12-31 23:59:58.25 UTC', `${root}/dir/up`, `${root}/fifo`]);
  execFileSync('touch', ['-d', '2001-02-03 04:05:06.123456789', `${root}/dir/file`, `${root}/dir`, root]);
}

function addWhatOnlyRootMay(root: string): void {
  const S_IFCHR = 0o020000;
  perform([mknod(`${root}/null`, S_IFCHR | 0o600, [1, 3])]);
  perform([mknod(`${root}/large`, S_IFCHR | 0o600, [259, 70000])]);
  execFileSync('chown', [
    '-h',
    '1234:5678',
    `${root}/dir/up`,
    `${root}/fifo`,
    `${root}/setuid`,
    `${root}/dir`,
    `${root}/null`,
  ]);
}

function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function corrupted(bytes: Buffer): Buffer {
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 6) ^ 1, bytes.length - 6);
  return bytes;
}
