// All files of this machine, offered to the guest on a socket; read-only, as share.sh sees to.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { start } from './program.mjs';

/** Resolves when the socket can be connected to. */
export async function startShare({ work, signal }) {
  const socket = join(work, 'share.socket');
  const folder = join(work, 'share');
  mkdirSync(folder);
  // cache=always: what the guest has read once, it need not ask for again.
  const options = [`source=${folder}`, 'cache=always', 'sandbox=chroot'].flatMap((option) => ['-o', option]);
  const daemon = [findVirtiofsd(), `--socket-path=${socket}`, ...options];
  const script = fileURLToPath(new URL('share.sh', import.meta.url));
  const program = start('virtiofsd', ['unshare', '--mount', 'sh', script, folder, ...daemon], { work, signal });
  while (!listens(socket)) {
    if (program.hasEnded()) throw new Error(`virtiofsd did not start: ${readFileSync(program.log, 'utf8')}`);
    await sleep(20);
  }
  return { ...program, socket };
}

/** There is a moment when the socket exists and refuses connections. In the flags of proc_net(5), 10000 is __SO_ACCEPTCON. */
function listens(socket) {
  const lines = readFileSync('/proc/net/unix', 'utf8').split('\n');
  return lines.some((line) => line.endsWith(` ${socket}`) && line.includes(' 00010000 '));
}

function findVirtiofsd() {
  // In C until Debian 12; in Rust and in a package of its own since. Both know the options used here.
  const places = ['/usr/lib/qemu/virtiofsd', '/usr/libexec/virtiofsd'];
  const found = places.find((path) => existsSync(path));
  if (!found) throw new Error('no virtiofsd: apt-get install qemu-system-common, or virtiofsd since Debian 13');
  return found;
}
