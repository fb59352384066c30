/** Layers that are right, to begin with: of several programs, with every kind of entry and whiteouts. */
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { constants, gunzipSync } from 'node:zlib';
import { archive, endOfArchive, entryBytes, extendedHeader, longName } from '@estiba/testkit/archive';
import { packTree } from '../../src/diff/pack-tree.ts';
import { treeOfKinds } from '../tar/many-kinds.ts';
import { holes, sparseFormats } from '../tar/sparse-archive.ts';
import { headers } from './blocks.ts';

const debian = '/var/cache/estiba/debian/rootfs.tar.gz';

/** Programs that are not there, and a Debian that is not there, are left out. */
export async function corpus(): Promise<Buffer[]> {
  const small = { names: true, fifo: true, xattrs: true } as const;
  const found = [
    byHand(),
    withWhiteouts(),
    packed(['tar', '--format=pax', '--xattrs', '--sparse'], small),
    packed(['tar', '--format=gnu'], small),
    packed(['bsdtar', '--format=pax'], small),
    ofDebian(),
    await ours(small),
  ];
  return found.filter((bytes) => bytes !== undefined);
}

function byHand(): Buffer {
  return Buffer.concat([
    extendedHeader('g', { comment: 'all', gid: '7' }),
    entryBytes({ name: './', type: '5' }),
    entryBytes({ name: 'dir/', type: '5', mode: 0o1777 }),
    entryBytes({ name: 'dir/file', content: 'content'.repeat(100), pax: { mtime: '1.5', 'SCHILY.xattr.user.a': 'b' } }),
    entryBytes({ name: 'dir/hard', type: '1', link: 'dir/file' }),
    entryBytes({ name: 'dir/link', type: '2', link: '../canary/file' }),
    entryBytes({ name: 'out', type: '2', link: '../canary' }),
    ...Object.values(sparseFormats).map((format, at) => format({ ...holes, name: `holes${at}` })),
    longName('L', `dir/${'l'.repeat(200)}`),
    longName('K', '../'.repeat(60)),
    entryBytes({ name: 'dir/l', type: '2', link: '..' }),
    entryBytes({ name: 'dir/fifo', type: '6' }),
    entryBytes({ name: 'dir/null', type: '3', device: [1, 3] }),
    archive({ name: 'dir/file/below', content: 'x' }, { name: 'last', content: Buffer.alloc(512, 'y') }),
  ]);
}

/** In the order of buildah: whiteouts before what is new. */
function withWhiteouts(): Buffer {
  return archive(
    { name: 'etc/', type: '5' },
    { name: 'etc/.wh.gone' },
    { name: 'etc/.wh.removed' },
    { name: 'opaque/', type: '5', mode: 0o700 },
    { name: 'opaque/.wh..wh..opq' },
    { name: 'opaque/new', content: 'new' },
    { name: '.wh..wh.plnk/1.2' },
    { name: 'usr/bin/tool', content: Buffer.alloc(2000, 't'), mode: 0o4755, pax: { 'SCHILY.xattr.user.x': 'v' } },
    { name: '.wh.whole' },
  );
}

function packed(command: readonly [string, ...string[]], kinds: Parameters<typeof treeOfKinds>[0]): Buffer | undefined {
  using folder = treeOfKinds(kinds);
  const [program, ...options] = command;
  const { stdout, error } = spawnSync(program, [...options, '-C', folder.path, '-cf', '-', '.'], {
    env: { ...process.env, LC_ALL: 'C' },
    timeout: 10_000,
  });
  return error === undefined && stdout.length > 0 ? stdout : undefined;
}

async function ours(kinds: Parameters<typeof treeOfKinds>[0]): Promise<Buffer | undefined> {
  if (process.platform !== 'linux') return undefined;
  using folder = treeOfKinds(kinds);
  return await buffer(packTree(folder.path));
}

/** The first entries. */
function ofDebian(): Buffer | undefined {
  if (!existsSync(debian)) return undefined;
  const compressed = Buffer.alloc(32 * 1024);
  const fd = openSync(debian, 'r');
  readSync(fd, compressed);
  closeSync(fd);
  const bytes = gunzipSync(compressed, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, 64 * 1024);
  const last = headers(bytes).at(-1) ?? 0;
  return Buffer.concat([bytes.subarray(0, last), endOfArchive]);
}
