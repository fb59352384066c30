/**
 * Makes two trees with the same content, and mounts them. Arguments: a folder, and an ext4 file system in a file; the folder
 * holds `image`, written by writeErofs. Started where mounts are seen by nobody else, and go with those who see them.
 */
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { perform } from '@estiba/syscalls';
import { erofs, overlay } from '@estiba/unionfs';
import { overlayIn } from './ours.ts';

const [folder = '', disk = ''] = process.argv.slice(2);

// The file lies on the same file system as the files of the other tree: the kernel reads both from there.
const image = join(disk, 'image');
copyFileSync(join(folder, 'image'), image);
mkdirSync(join(disk, 'erofs'));
perform(erofs({ image, target: join(disk, 'erofs') }));
for (const [name, lower] of [
  ['erofs + overlay', join(disk, 'erofs')],
  ['ext4 + overlay', join(disk, 'tree')],
] as const) {
  const target = join(folder, name);
  mkdirSync(target);
  perform(overlay({ ...overlayIn(join(disk, `changes of ${name}`), lower), target }));
}
