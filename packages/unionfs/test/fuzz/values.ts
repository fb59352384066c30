/** What stands in headers and is worth trying elsewhere. */
export const numbers = [
  '',
  ' ',
  '0',
  '1',
  '511',
  '512',
  '513',
  '777',
  '1000',
  '777777',
  '77777777777',
  '-1',
  '9',
  '0x1',
];
export const names = [
  ...['', '.', '..', '/', './', '../canary/file', '../../canary', 'dir/../../x', 'dir/', 'dir/file', 'out/file'],
  ...['.wh.', '.wh..', '.wh...', '.wh.dir', '.wh..wh..opq', 'out/.wh.file', '.wh..wh.x', 'dir/.wh.file', '.wh.a/b'],
  ...['/proc/self/root/x', 'n'.repeat(100), `${'d/'.repeat(40)}x`, 'a\nb', 'last', 'holes0', 'opaque', 'etc/'],
];
export const flags = ['\0', ...'0123456789xgXLKSVDMNAZ'];

/** Offsets and lengths of fields. */
export const numeric = [
  ...([
    [100, 8],
    [108, 8],
    [116, 8],
    [124, 12],
    [124, 12],
    [124, 12],
    [136, 12],
    [329, 8],
    [337, 8],
  ] as const),
  ...([
    [386, 12],
    [398, 12],
    [410, 12],
    [422, 12],
    [483, 12],
  ] as const),
];

export const keys = [
  ...['path', 'linkpath', 'size', 'size', 'uid', 'gid', 'mtime', 'hdrcharset', 'GNU.sparse.major', 'GNU.sparse.minor'],
  ...['GNU.sparse.name', 'GNU.sparse.realsize', 'GNU.sparse.size', 'GNU.sparse.map', 'GNU.sparse.numblocks'],
  ...['GNU.sparse.offset', 'GNU.sparse.numbytes', 'SCHILY.xattr.user.f', 'SCHILY.xattr.trusted.overlay.opaque'],
  ...['LIBARCHIVE.xattr.user.f', 'SCHILY.devmajor', 'SCHILY.realsize', 'GNU.volume.offset', 'SCHILY.xattr.', ''],
];

const numbersOfRecords = ['', '0', '1', '-1', '512', '700', '1024', '4096', '20000', '9007199254740993', '1e9'];
const maps = ['', '0,512', '0,512,512,0', '0,700,4096,0', '512,1024,4096,700,20000,0', '4096,0', '0,512,100,1', '0'];
const others = ['', '0', '1.5', '-1.5', '-1', 'eA==', 'y', '1700000000.123456789', 'BINARY'];

export function valuesOf(key: string): readonly string[] {
  if (key.endsWith('path') || key.endsWith('name')) return names;
  if (key === 'GNU.sparse.map') return maps;
  return /size|numb|offset|numblocks|id$/.test(key) ? numbersOfRecords : others;
}

/** Records that make a sparse file only together. */
export const mapped = [
  ['GNU.sparse.major', 'GNU.sparse.minor', 'GNU.sparse.realsize', 'GNU.sparse.name'],
  ['GNU.sparse.size', 'GNU.sparse.map', 'GNU.sparse.name'],
  ['GNU.sparse.size', 'GNU.sparse.offset', 'GNU.sparse.numbytes'],
];
