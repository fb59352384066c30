// What the machine must offer, found out before anything is half done. Every answer names the remedy.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';

/** The problems that stand in the way of these needs; none when the list is empty. */
export function checkMachine(needs) {
  if (process.platform !== 'linux')
    return [`this is ${process.platform}: containers need Linux, a virtual machine will do`];
  return ['node', 'architecture', 'kernel', ...needs].flatMap((need) => checks[need]() ?? []);
}

const checks = {
  node() {
    const [major] = process.versions.node.split('.');
    if (Number(major) < 20) return `Node ${process.versions.node} is too old: install Node 20 or later`;
  },
  architecture() {
    if (!['x64', 'arm64'].includes(process.arch)) return `no system call tables for ${process.arch}: use x64 or arm64`;
  },
  kernel() {
    // mount_setattr(2), the newest call that everything here relies on, came with Linux 5.12.
    const [major = 0, minor = 0] = release()
      .split('.')
      .map((part) => Number.parseInt(part, 10));
    if (major < 5 || (major === 5 && minor < 12)) return `Linux ${release()} is too old: 5.12 or later is needed`;
  },
  compiler() {
    const { error, status } = spawnSync('cc', ['--version'], { stdio: 'ignore', timeout: 20_000 });
    if (error || status !== 0) return "no C compiler 'cc': install one, e.g. apt-get install gcc libc6-dev";
  },
  uml() {
    if (process.arch !== 'x64') return `User-Mode Linux is for x64 only: this is ${process.arch}`;
    return programs({ 'linux.uml': 'user-mode-linux', mke2fs: 'e2fsprogs', busybox: 'busybox-static' });
  },
  qemu() {
    if (process.arch !== 'x64') return `the emulated machine is for x64 only: this is ${process.arch}`;
    return programs({
      'qemu-system-x86_64': 'qemu-system-x86',
      busybox: 'busybox-static',
      nft: 'nftables',
      ip: 'iproute2',
    });
  },
  root() {
    if (process.geteuid() !== 0)
      return 'this needs root, for overlay mounts and cgroups: run the same command with sudo';
    if (!hasCapability(21))
      return 'root without CAP_SYS_ADMIN: run it outside of this container, or in a privileged one';
  },
  overlay() {
    // Asking for the module is what mounting would do anyway; where it is built in, the list names it already.
    if (fileSystems().includes('overlay')) return;
    spawnSync('modprobe', ['-q', 'overlay'], { stdio: 'ignore', timeout: 20_000 });
    if (!fileSystems().includes('overlay')) {
      return 'the kernel has no overlay file system: load it with modprobe overlay, or use a kernel with CONFIG_OVERLAY_FS';
    }
  },
  cgroups() {
    const missing = ['memory', 'pids'].filter((controller) => !controllers().has(controller));
    if (missing.length === 0) return;
    return `no cgroup controller for ${missing.join(' and ')}: mount -t cgroup2 none /sys/fs/cgroup, or on v1 mount -t cgroup -o ${missing[0]} …`;
  },
};

/** Programs by the Debian package they come from. */
function programs(packages) {
  const folders = `${process.env.PATH}:/usr/sbin:/sbin`.split(':');
  const absent = Object.keys(packages).filter((name) => !folders.some((folder) => existsSync(join(folder, name))));
  if (absent.length === 0) return;
  return `no ${absent.join(', ')}: apt-get install ${absent.map((name) => packages[name]).join(' ')}`;
}

function hasCapability(number) {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> BigInt(number)) & 1n) === 1n;
}

function fileSystems() {
  return readFileSync('/proc/filesystems', 'utf8').split(/\s+/);
}

/** Controllers that some mounted hierarchy offers, v1 or v2. */
function controllers() {
  const found = new Set();
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n')) {
    const [mount = '', tail = ''] = line.split(' - ');
    const [type, , options = ''] = tail.split(' ');
    if (type === 'cgroup') for (const option of options.split(',')) found.add(option);
    if (type === 'cgroup2') for (const controller of unified(mount.split(' ')[4])) found.add(controller);
  }
  return found;
}

function unified(directory) {
  return readFileSync(`${directory}/cgroup.controllers`, 'utf8').trim().split(' ');
}
