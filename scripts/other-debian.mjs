// Packages of another release of Debian than this machine's, from where it has its own. Nothing is installed.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { quietly } from './processes.mjs';

/**
 * Unpacks packages of a release into a folder that exists. `find` tells which: it is given a function that runs apt-cache(8) of
 * that release. With `withDependencies`, all that they need, too, down to libc and the loader. Needs root.
 */
export async function unpackFromDebian(folder, { release, find, withDependencies = false }) {
  const apt = join(folder, 'apt');
  const archives = join(apt, 'cache/archives');
  const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive', APT_CONFIG: configure(apt, release) };
  const quiet = (...command) => quietly(command.join(' '), command[0], command.slice(1), { cwd: archives, env });
  await quiet('apt-get', 'update');
  const names = find((...args) => outputOf('apt-cache', args, env));
  if (withDependencies) await quiet('apt-get', 'install', '--download-only', '--yes', ...names);
  else await quiet('apt-get', 'download', ...names);
  for (const name of readdirSync(archives).filter((each) => each.endsWith('.deb')))
    await quiet('dpkg-deb', '--extract', name, folder);
  rmSync(apt, { recursive: true });
}

/** An apt of its own, that knows nothing installed, and so fetches all that a package needs. apt.conf(5) */
function configure(directory, release) {
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
    // _apt may not write here.
    'APT::Sandbox::User': 'root',
    'APT::Install-Recommends': 'false',
    'Acquire::Languages': 'none',
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key} "${value}";`);
  writeFileSync(join(directory, 'apt.conf'), `${lines.join('\n')}\n`);
  return join(directory, 'apt.conf');
}

function mirror() {
  const format = '$(ORIGIN) $(COMPONENT) $(REPO_URI)';
  const targets = outputOf('apt-get', ['indextargets', '--format', format], { ...process.env, LC_ALL: 'C' });
  const uri = /^Debian main (\S+\/debian\/?)$/m.exec(targets)?.[1];
  if (uri === undefined) throw new Error('apt knows no Debian packages: run apt-get update first; this needs Debian');
  return uri;
}

function outputOf(command, args, env) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', env, timeout: 60_000 });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')} ended with ${error?.message ?? status}: ${stderr?.slice(-4000)}`);
}
