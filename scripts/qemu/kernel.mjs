// Debian's kernel for virtual machines, unpacked but not installed, and kept beside the toolchain: whole or absent. Or another.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { quietly } from '../processes.mjs';

// Where root's toolchain is, too.
const cache = process.env.ESTIBA_CACHE || '/var/cache/estiba';

/** The one named by ESTIBA_KERNEL, else the newest that apt offers, or that was fetched before: `{ release, image, modules }`. */
export async function prepareKernel() {
  const { ESTIBA_KERNEL: named } = process.env;
  const directory = named ? resolve(named) : ((await offeredKernel()) ?? newestFetched());
  if (!directory) {
    throw new Error('apt offers no linux-image-cloud-amd64: run apt-get update first; this needs Debian on x64');
  }
  const kernel = unpackedKernel(directory);
  await listModules(kernel);
  return kernel;
}

/** Debian keeps the image in /boot; since Linux 7 beside the modules, and these below /usr. */
function unpackedKernel(directory) {
  for (const base of [directory, join(directory, 'usr')]) {
    const [release] = existsSync(join(base, 'lib/modules')) ? readdirSync(join(base, 'lib/modules')) : [];
    const modules = release && join(base, 'lib/modules', release);
    const images = release ? [join(directory, `boot/vmlinuz-${release}`), join(modules, 'vmlinuz')] : [];
    const image = images.find((path) => existsSync(path));
    if (image) return { release, image, modules, base };
  }
  throw new Error(`no kernel in ${directory}: expected lib/modules/* and boot/vmlinuz-*, of an unpacked package`);
}

/** Which Debian leaves to the script that runs after an installation. */
async function listModules({ release, modules, base }) {
  if (existsSync(join(modules, 'modules.dep'))) return;
  await quietly(`depmod for ${release}`, 'busybox', ['depmod', '-b', base, release], { cwd: base, env: process.env });
}

async function offeredKernel() {
  const { name, version } = newestPackage();
  if (!version || version === '(none)') return undefined;
  const directory = join(cache, `${name}_${version}`.replace(/[^\w.+~-]/g, '_'));
  if (!existsSync(directory)) await fetchKernel(name, directory);
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

async function fetchKernel(name, directory) {
  console.error(`estiba: fetching ${name} into ${directory}`);
  mkdirSync(dirname(directory), { recursive: true });
  const temporary = mkdtempSync(`${directory}.tmp-`);
  const inTemporary = { cwd: temporary, env: process.env };
  try {
    // As root and not as _apt, who cannot write here.
    await quietly(`download of ${name}`, 'apt-get', ['-o', 'APT::Sandbox::User=root', 'download', name], inTemporary);
    const [archive] = readdirSync(temporary);
    await quietly(`dpkg -x ${archive}`, 'dpkg', ['-x', archive, '.'], inTemporary);
    await listModules(unpackedKernel(temporary));
    rmSync(join(temporary, archive));
    chmodSync(temporary, 0o755);
    publish(temporary, directory);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function publish(temporary, directory) {
  try {
    renameSync(temporary, directory);
  } catch (error) {
    // Another run was faster; what it made is as good as ours.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  }
}
