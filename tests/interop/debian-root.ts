// A real Debian, made once per machine by debootstrap: for these tests and for the benchmarks.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

// Where the toolchain is kept, too: nobody but root may put anything there.
const kept = join(process.env.ESTIBA_CACHE ?? '/var/cache/estiba', 'debian');

/**
 * A minimal Debian 12 as a gzipped tar of about 93 MB, once `makeDebian` has resolved. The packages that debootstrap leaves in
 * its cache stay: what is already compressed belongs to a usual image, too.
 */
export const debianTar = join(kept, 'rootfs.tar.gz');

/** About 20 s the first time, nothing later. Needs root, debootstrap and the machine's source of Debian packages. */
export async function makeDebian(): Promise<void> {
  if (existsSync(debianTar)) return;
  const work = join(kept, `making-${process.pid}`);
  mkdirSync(join(work, 'root'), { recursive: true });
  removeAbandoned();
  try {
    await complete('debootstrap', '--variant=minbase', 'bookworm', join(work, 'root'));
    const what = ['--numeric-owner', '-C', join(work, 'root'), '.'];
    await complete('tar', '--use-compress-program=gzip -6', '-cf', join(work, 'rootfs.tar.gz'), ...what);
    renameSync(join(work, 'rootfs.tar.gz'), debianTar);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** What makers left that were killed. */
function removeAbandoned(): void {
  for (const name of readdirSync(kept)) {
    const pid = /^making-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmSync(join(kept, name), { recursive: true, force: true });
  }
}

/** debootstrap mounts things in the tree: in a mount namespace of its own, so that they are gone when it ends. */
function complete(...command: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const alone = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...alone, ...command], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, PATH: `${process.env.PATH ?? '/usr/bin:/bin'}:/usr/sbin:/sbin` },
      timeout: 240_000,
      killSignal: 'SIGKILL',
    });
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints += text;
    });
    child.once('error', reject);
    child.once('close', (status, signal) => {
      if (status === 0) resolve();
      else reject(new Error(`${command.join(' ')} ended with ${signal ?? status}: ${complaints.slice(-4000)}`));
    });
  });
}
