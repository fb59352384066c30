// Compiles the interpreter for this machine's architecture and, where a cross compiler is there, for the other one.
// With --all, as before a release, both have to be there.
import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const compilers = {
  x64: [process.env.CC, process.arch === 'x64' && 'cc', 'x86_64-linux-gnu-gcc'],
  arm64: [process.arch === 'arm64' && process.env.CC, process.arch === 'arm64' && 'cc', 'aarch64-linux-gnu-gcc'],
};
if (process.arch !== 'x64') compilers.x64.shift();

// The same compiler gives the same bytes, from whatever folder: no paths, no build id, no compiler's name inside.
const common = [
  '-Os',
  '-std=gnu11',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-ffreestanding',
  '-nostdlib',
  '-fno-stack-protector',
  '-fno-asynchronous-unwind-tables',
  '-fno-tree-loop-distribute-patterns',
  '-fno-ident',
  '-Wl,--build-id=none',
  '-Wl,-z,noexecstack',
  '-s',
];
const builds = {
  launcher: ['-static', '-fno-pic', '-no-pie', '-Wl,-z,noseparate-code', '-Wl,-z,norelro'],
  'interpreter.so': ['-shared', '-fPIC', '-fvisibility=hidden', '-DSHARED'],
};

if (process.platform === 'linux') {
  for (const [arch, candidates] of Object.entries(compilers)) {
    const compiler = candidates.filter(Boolean).find((name) => spawnSync(name, ['--version']).status === 0);
    if (compiler !== undefined) compile(compiler, arch);
    else if (arch === process.arch)
      stop(
        `no C compiler found (tried ${candidates.filter(Boolean).join(', ')}): install one, e.g. apt-get install gcc libc6-dev`,
      );
  }
}

function compile(compiler, arch) {
  const folder = `${here}linux-${arch}/`;
  mkdirSync(folder, { recursive: true });
  for (const [name, flags] of Object.entries(builds)) {
    // Written beside and renamed: a test that starts meanwhile never sees half a file.
    const temporary = `${folder}${name}.${process.pid}`;
    const { status, error } = spawnSync(compiler, [...common, ...flags, '-o', temporary, 'interpreter.c'], {
      cwd: here,
      stdio: 'inherit',
    });
    if (status !== 0)
      stop(`${compiler} could not compile interpreter.c for ${arch}${error ? `: ${error.message}` : ''}`);
    renameSync(temporary, folder + name);
  }
}

function stop(message) {
  console.error(`@estiba/syscalls: ${message}`);
  process.exit(1);
}
