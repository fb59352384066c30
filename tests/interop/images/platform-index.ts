import { join } from 'node:path';
import type { Peers } from '../peers.ts';
import type { MadeImage } from './images.ts';

/** One small image for each platform, and an index of them, made by buildah. Each has its platform as a label. */
export function makeIndex(peers: Peers, directory: string, platforms: readonly string[]): MadeImage {
  const script = `
    b() { buildah --storage-driver vfs --root "$PWD/storage" --runroot "$PWD/run" "$@"; }
    b manifest create all >/dev/null
    for platform in $2; do
      IFS=/ read -r os arch variant <<<"$platform"
      container=$(b from --pull-never scratch)
      printf '%s' "$platform" >"$(b mount "$container")/platform"
      b config --os "$os" --arch "$arch" --variant "$variant" --label "platform=$platform" "$container"
      image=$(b commit --signature-policy "$1" --rm --quiet "$container")
      b manifest add --os "$os" --arch "$arch" --variant "$variant" all "$image" >/dev/null
    done
    b manifest push --signature-policy "$1" --all --quiet all "oci:$PWD/layout:latest"`;
  const command = ['bash', '-euo', 'pipefail', '-c', script, 'buildah', peers.policy, platforms.join(' ')];
  peers.run(command, { directory, env: { BUILDAH_ISOLATION: 'chroot' }, timeout: 120_000 });
  return { layout: join(directory, 'layout'), tag: 'latest' };
}
