// Debian's kernel for virtual machines, unpacked but not installed, and kept beside the toolchain: whole or absent. Or another.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cacheDirectory, keepFolder } from '../kept-folder.mjs';
import { quietly } from '../processes.mjs';
import { unpackedKernel } from './unpacked-kernel.mjs';

const cache = cacheDirectory();

/** The one named by ESTIBA_KERNEL, else the newest that apt offers, or that was fetched before: `{ release, image, modules }`. */
export async function prepareKernel() {
  const { ESTIBA_KERNEL: named } = process.env;
  const directory = named ? resolve(named) : ((await offeredKernel()) ?? newestFetched());
  if (!directory) {
    throw new Error('apt offers no linux-image-cloud-amd64: run apt-get update first; this needs Debian on x64');
  }
  return unpackedKernel(directory);
}

async function offeredKernel() {
  const { name, version } = newestPackage();
  if (!version || version === '(none)') return undefined;
  const directory = join(cache, `${name}_${version}`.replace(/[^\w.+~-]/g, '_'));
  await keepFolder(directory, (temporary) => fetchKernel(temporary, { name, directory }));
  return directory;
}

/** For machines whose lists of packages are gone. */
function newestFetched() {
  const names = existsSync(cache) ? readdirSync(cache) : [];
  const kernels = names.filter((name) => /^linux-image-.*_/.test(name) && !name.includes('.tmp-'));
  const [newest] = kernels.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  return newest && join(cache, newest);
}

/** The number in the package's name changes with each update: the metapackage knows the current one. */
function newestPackage() {
  const name = /^\s+Depends: (linux-image-\S+)$/m.exec(aptCache('depends', 'linux-image-cloud-amd64'))?.[1];
  const version = name && /^\s+Candidate: (\S+)$/m.exec(aptCache('policy', name))?.[1];
  return { name, version };
}

function aptCache(...args) {
  const { stdout } = spawnSync('apt-cache', args, {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
    timeout: 60_000,
  });
  return stdout ?? '';
}

async function fetchKernel(temporary, { name, directory }) {
  console.error(`estiba: fetching ${name} into ${directory}`);
  const options = { cwd: temporary, env: process.env };
  // As root and not as _apt, who cannot write here.
  await quietly(`download of ${name}`, 'apt-get', ['-o', 'APT::Sandbox::User=root', 'download', name], options);
  const [archive] = readdirSync(temporary);
  await quietly(`dpkg -x ${archive}`, 'dpkg', ['-x', archive, '.'], options);
  rmSync(join(temporary, archive));
  await unpackedKernel(temporary);
}
