// The first root of the guest: just enough to mount the one that this machine shares.
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quietly } from '../processes.mjs';

const needed = ['virtio_pci', 'virtio_console', 'virtiofs', 'overlay'];

/** `initramfs` in the work folder. https://docs.kernel.org/filesystems/ramfs-rootfs-initramfs.html */
export async function makeInitramfs({ work, kernel }) {
  const tree = join(work, 'tree');
  for (const folder of ['bin', 'dev', 'host', 'modules', 'proc', 'root', 'sys', 'writable']) {
    mkdirSync(join(tree, folder), { recursive: true });
  }
  copyFileSync(busybox(), join(tree, 'bin/busybox'));
  copyFileSync(fileURLToPath(new URL('init.sh', import.meta.url)), join(tree, 'init'));
  chmodSync(join(tree, 'init'), 0o755);
  writeFileSync(join(tree, 'settings'), settings({ work, kernel }));
  modulesInOrder(kernel.modules).forEach((path, index) => {
    const order = String(index).padStart(2, '0');
    copyFileSync(join(kernel.modules, path), join(tree, 'modules', `${order}-${basename(path)}`));
  });
  const initramfs = join(work, 'initramfs');
  const pack = 'find . | busybox cpio -o -H newc > "$1"';
  await quietly('packing the initramfs', 'sh', ['-c', pack, 'sh', initramfs], { cwd: tree, env: process.env });
  return initramfs;
}

/** The static one of Debian's busybox-static needs no libraries there. */
function busybox() {
  const places = ['/usr/bin/busybox', '/bin/busybox'];
  const found = places.find((path) => existsSync(path));
  if (!found) throw new Error('no busybox: apt-get install busybox-static');
  return found;
}

/**
 * Each after those that it needs; none that is a part of the kernel itself. modules.dep(5): a line names a module, then all
 * that it needs, the first to load last. Newer kernels have theirs compressed.
 */
function modulesInOrder(directory) {
  const linesOf = (file) => readFileSync(join(directory, file), 'utf8').trim().split('\n');
  const lines = linesOf('modules.dep');
  const builtIn = linesOf('modules.builtin');
  const paths = needed.flatMap((name) => {
    if (builtIn.some((path) => path.endsWith(`/${name}.ko`))) return [];
    const line = lines.find((each) => /[^/]*$/.exec(each.split(':')[0])[0].replace(/\.ko(\.\w+)?$/, '') === name);
    if (!line) throw new Error(`no module ${name} in ${directory}: the guest cannot boot`);
    return line
      .split(/:?\s+|:$/)
      .filter(Boolean)
      .reverse();
  });
  return [...new Set(paths)];
}

/** For the shell. Where the guest finds its orders and its modules: the paths are those of this machine. */
function settings({ work, kernel }) {
  const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const scripts = fileURLToPath(new URL('.', import.meta.url));
  return [
    `work=${quote(work)}`,
    `scripts=${quote(scripts)}`,
    `modules=${quote(kernel.modules)}`,
    `directory=${quote(process.cwd())}`,
    '',
  ].join('\n');
}
