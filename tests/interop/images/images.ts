/** Images made by programs that are not ours, each as a name in an image layout. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Peers } from '../peers.ts';

export interface MadeImage {
  /** Directory of an image layout. */
  readonly layout: string;
  readonly tag: string;
}

export type ImageMaker = (peers: Peers, directory: string) => MadeImage;

const scripts = fileURLToPath(new URL('.', import.meta.url));

/** Each maker in an empty directory of its own. */
export const makers = {
  'by umoci': makeByUmoci,
  'by buildah, on plain directories': (peers, directory) => makeByBuildah(peers, directory, 'vfs'),
  'by buildah, on overlays': (peers, directory) => makeByBuildah(peers, directory, 'overlay'),
  'by GNU tar': (peers, directory) => makeOfArchives(peers, directory, ['1.tar', '2.tar', '3.tar']),
  'by GNU tar, in its old format': (peers, directory) => makeOfArchives(peers, directory, ['gnu.tar']),
  'by GNU tar, with an opaque root': (peers, directory) => makeOfArchives(peers, directory, ['1.tar', 'root.tar']),
} satisfies Readonly<Record<string, ImageMaker>>;

/** umoci finds out by itself what has changed, and never writes an opaque directory unless told to. */
function makeByUmoci(peers: Peers, directory: string): MadeImage {
  const image = newImage(peers, directory);
  for (const script of ['base', 'second', 'third']) {
    const bundle = join(directory, script);
    peers.run(['umoci', 'unpack', '--image', image, bundle]);
    peers.run(['bash', join(scripts, `${script}.sh`), join(bundle, 'rootfs')]);
    peers.run(['umoci', 'repack', '--image', image, bundle]);
  }
  peers.run(['umoci', 'insert', '--opaque', '--image', image, join(directory, 'base/rootfs/names'), '/links/target']);
  peers.run(['umoci', 'insert', '--whiteout', '--image', image, '/times/directory']);
  peers.run([
    'umoci',
    'config',
    '--image',
    image,
    '--config.cmd',
    'true',
    '--config.env',
    'LETTERS=ñ',
    '--author',
    'nobody',
  ]);
  return made(directory);
}

/** With its vfs driver it compares two directories; with the other it reads what overlayfs has noted. */
function makeByBuildah(peers: Peers, directory: string, driver: 'vfs' | 'overlay'): MadeImage {
  const script = `
    b() { buildah --storage-driver ${driver} --root "$PWD/storage" --runroot "$PWD/run" "$@"; }
    parent=scratch
    for each in base second third; do
      container=$(b from --pull-never $parent)
      bash "$1/$each.sh" "$(b mount "$container")"
      b config --label made=$each --env LETTERS=ñ --cmd true "$container"
      b commit --signature-policy "$2" --rm --quiet "$container" $each
      parent=localhost/$each
    done
    b push --signature-policy "$2" --quiet third "oci:$PWD/layout:latest"`;
  const command = ['bash', '-euo', 'pipefail', '-c', script, 'buildah', scripts, peers.policy];
  peers.run(command, { directory, env: { BUILDAH_ISOLATION: 'chroot' } });
  return made(directory);
}

function makeOfArchives(peers: Peers, directory: string, archives: readonly string[]): MadeImage {
  const image = newImage(peers, directory);
  mkdirSync(join(directory, 'archives'));
  peers.run(['bash', 'archives.sh', join(directory, 'archives')], { directory: scripts });
  for (const archive of archives) {
    peers.run(['umoci', 'raw', 'add-layer', '--image', image, join(directory, 'archives', archive)]);
  }
  return made(directory);
}

function newImage(peers: Peers, directory: string): string {
  const { layout, tag } = made(directory);
  peers.run(['umoci', 'init', '--layout', layout]);
  peers.run(['umoci', 'new', '--image', `${layout}:${tag}`]);
  return `${layout}:${tag}`;
}

function made(directory: string): MadeImage {
  return { layout: join(directory, 'layout'), tag: 'latest' };
}
