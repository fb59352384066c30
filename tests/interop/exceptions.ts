/**
 * Where our trees may differ from those of others, and why that is right. An entry that explains nothing fails the tests.
 */
export interface Exception {
  /** The image and the peer that it is about. */
  readonly image: string;
  readonly peer: Peer;
  /** Of ours, unpacked in one of the two ways; both unless told. */
  readonly way?: Way;
  readonly path: string | RegExp;
  readonly field: string | RegExp;
  readonly why: string;
}

/** Who unpacks beside us. */
export type Peer = 'umoci' | 'tar' | 'bsdtar';
/** `applied`: one layer after the other into one directory. `mounted`: each in its own, the stack as an overlay. */
export type Way = 'applied' | 'mounted';

export function exceptionsFor(image: string, peer: Peer, way: Way): Exception[] {
  return exceptions.filter((each) => {
    return each.image === image && each.peer === peer && (each.way === undefined || each.way === way);
  });
}

const noTimeOfRoot = 'no layer has an entry for the root, and the specification does not say which time it has then';
const emptyValue =
  'the layer records the attribute, with an empty value: umoci leaves it out, buildah wrote it, and GNU tar reads it as we do';
const noEntry =
  'it is made on the way to a file and described by no entry: its time is that of the unpacking for others, and the beginning of all time for us: always the same';

const rootIsNotSet = 'bsdtar does not give "." the time that its entry tells, as it does with every other directory';

const listsAsOthers =
  'bsdtar takes access lists from records of its own and of star, not from the extended attributes that GNU tar and umoci write';
const addsDecimals = 'bsdtar adds the decimals of a time before 1970 where they are to be subtracted';

const exceptions: readonly Exception[] = [
  ...[
    'Debian',
    'by umoci',
    'by buildah, on plain directories',
    'by buildah, on overlays',
    'by GNU tar',
    'by GNU tar, in its old format',
    'by GNU tar, with an opaque root',
  ].map((image): Exception => ({ image, peer: 'bsdtar', path: '.', field: 'mtime', why: rootIsNotSet })),
  ...['by umoci', 'by GNU tar', 'by GNU tar, with an opaque root'].map((image): Exception => {
    return { image, peer: 'bsdtar', path: /^attributes\//, field: /^xattr system\.posix_acl_/, why: listsAsOthers };
  }),
  ...['by GNU tar', 'by GNU tar, with an opaque root'].map((image): Exception => {
    return { image, peer: 'bsdtar', path: /^times\/file@-.*\./, field: 'mtime', why: addsDecimals };
  }),
  {
    image: 'by umoci',
    peer: 'umoci',
    path: 'change/kept/a',
    field: 'presence',
    why: 'umoci follows the link that took the place of change/to-link, and applies to change/kept the whiteouts of what was in there',
  },
  ...['by buildah, on plain directories', 'by buildah, on overlays'].flatMap((image): Exception[] => [
    { image, peer: 'umoci', way: 'applied', path: '.', field: 'mtime', why: noTimeOfRoot },
    { image, peer: 'tar', path: '.', field: 'mtime', why: noTimeOfRoot },
    { image, peer: 'umoci', path: 'attributes/user', field: 'xattr user.empty', why: emptyValue },
  ]),
  {
    image: 'by GNU tar',
    peer: 'umoci',
    path: '.',
    field: 'mtime',
    why: 'umoci gives directories back the time that they had before a layer that does not name them, but not the root',
  },
  {
    image: 'by GNU tar',
    peer: 'umoci',
    way: 'mounted',
    path: /^change\/source\/(lower-pair-too|third)$/,
    field: 'names',
    why: 'a hard link to a file of another layer needs a copy of that file, whose other names stay where they are',
  },
  { image: 'by GNU tar', peer: 'umoci', path: /^missing(\/parent)?$/, field: 'mtime', why: noEntry },
  { image: 'by GNU tar', peer: 'tar', path: /^missing(\/parent)?$/, field: 'mtime', why: noEntry },
];
