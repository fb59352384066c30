/** Programs of Debian's erofs-utils, which read images that they did not make. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Debian 12 has version 1.5, which knows blocks of 4096 bytes only; this release has 1.8. */
const release = 'trixie';

// Where the toolchain is kept, too: nobody but root may put anything there.
const kept = join(process.env.ESTIBA_CACHE ?? '/var/cache/estiba', `erofs-utils-${release}`);

export interface ErofsUtils {
  readonly fsck: string;
  readonly dump: string;
}

/**
 * Fetches them, with the libraries and the loader of their release, from where the machine has its Debian packages from.
 * Nothing is installed. Some seconds the first time, nothing later. Needs root.
 */
export function fetchErofsUtils(): ErofsUtils {
  if (!existsSync(kept)) fetchInto(kept);
  return { fsck: join(kept, 'fsck.erofs'), dump: join(kept, 'dump.erofs') };
}

function fetchInto(place: string): void {
  const work = `${place}.making-${process.pid}`;
  try {
    const apt = configure(join(work, 'apt'));
    run('apt-get', ['update'], apt);
    run('apt-get', ['install', '--download-only', '--yes', 'erofs-utils'], apt);
    const archives = join(work, 'apt/cache/archives');
    for (const name of readdirSync(archives).filter((each) => each.endsWith('.deb'))) {
      run('dpkg-deb', ['--extract', join(archives, name), join(work, 'root')], {});
    }
    for (const name of ['fsck.erofs', 'dump.erofs']) writeLauncher(work, place, name);
    rmSync(join(work, 'apt'), { recursive: true });
    renameSync(work, place);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** An apt of its own, that knows nothing installed, and so fetches all that a package needs. apt.conf(5) */
function configure(directory: string): Record<string, string> {
  for (const name of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(directory, name), { recursive: true });
  const keys = '/usr/share/keyrings/debian-archive-keyring.gpg';
  writeFileSync(join(directory, 'sources.list'), `deb [signed-by=${keys}] ${mirror()} ${release} main\n`);
  writeFileSync(join(directory, 'status'), '');
  const settings = {
    'Dir::Etc::sourcelist': join(directory, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'Dir::State': directory,
    'Dir::State::lists': join(directory, 'lists'),
    'Dir::State::status': join(directory, 'status'),
    'Dir::Cache': join(directory, 'cache'),
    'APT::Sandbox::User': 'root',
    'APT::Install-Recommends': 'false',
    'Acquire::Languages': 'none',
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key} "${value}";`);
  writeFileSync(join(directory, 'apt.conf'), `${lines.join('\n')}\n`);
  return { APT_CONFIG: join(directory, 'apt.conf') };
}

function mirror(): string {
  const targets = run('apt-get', ['indextargets', '--format', '$(ORIGIN) $(COMPONENT) $(REPO_URI)'], {});
  const uri = /^Debian main (\S+\/debian\/?)$/m.exec(targets)?.[1];
  if (uri === undefined) throw new Error('apt knows no Debian packages: run apt-get update first; this needs Debian');
  return uri;
}

/** Run by the loader of its own release, with libraries of its own release. ld.so(8) */
function writeLauncher(work: string, place: string, name: string): void {
  const script = `#!/bin/sh
root=${join(place, 'root')}
exec "$root/usr/lib64/ld-linux-x86-64.so.2" --library-path "$root/usr/lib/x86_64-linux-gnu" "$root/usr/bin/${name}" "$@"
`;
  writeFileSync(join(work, name), script);
  chmodSync(join(work, name), 0o755);
}

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>>): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive', ...env },
    timeout: 120_000,
  });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')} ended with ${error?.message ?? status}: ${stderr?.slice(-4000)}`);
}
