// The emulated machine as a tool: what goes in and out of it, and how it ends.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { beforeAll, expect, it } from 'vitest';
import { requires, scratch } from '../../packages/testkit/src/index.ts';
import { root } from '../project-files.ts';

const { prepareKernel } = await import(join(root, 'scripts/qemu/kernel.mjs'));
const timeout = 120_000;

requires({ on: ['host'], root: true, command: ['qemu-system-x86_64', 'busybox'] })('the emulated machine', () => {
  // Fetching it the first time is told on stderr, and takes a while.
  beforeAll(() => prepareKernel());

  it('brings back output, errors and status of a command, byte by byte', { timeout }, async () => {
    const script =
      'printf "%s|" "$@"; head -c 3000000 /dev/zero | tee /dev/stderr; printf "\\r\\377" >&2; sleep 1000 & exit 7';
    const guest = start('sh', '-c', script, 'sh', 'a b', "'", '');
    const [stdout, stderr] = [text(guest.stdout as never), buffer(guest.stderr as never)];
    expect(await once(guest, 'close')).toEqual([7, null]);
    expect(await stdout).toBe(`a b|'||${'\0'.repeat(3_000_000)}`);
    expect(await stderr).toEqual(Buffer.concat([Buffer.alloc(3_000_000), Buffer.from([0x0d, 0xff])]));
  });

  it('cannot change the files of this one, not even as root who mounts them again', { timeout }, async () => {
    await using folder = scratch();
    const file = folder.join('file');
    const script = `
      echo guest >${file} && cat ${file}
      mkdir /run/again && mount -t virtiofs host /run/again
      mount -o remount,rw /run/again
      echo guest >/run/again${file} || cat '/run/again${root}/package.json'`;
    const guest = start('sh', '-c', script);
    const [stdout, stderr] = [text(guest.stdout as never), text(guest.stderr as never)];
    expect(await once(guest, 'close')).toEqual([0, null]);
    expect(await stdout).toBe(`guest\n${readFileSync(`${root}/package.json`, 'utf8')}`);
    expect(await stderr).toContain('Read-only file system');
    expect(existsSync(file)).toBe(false);
  });

  it('is shown nothing that could be written to, whatever the folder is called', async () => {
    await using folder = scratch();
    for (const name of ['plain', 'with spaces 1', 'back\\slash']) mkdirSync(folder.join(name));
    symlinkSync('plain', folder.join('link'));
    const file = folder.join('file');
    for (const name of ['plain', 'with spaces 1', 'back\\slash', 'link']) {
      const command = [
        'sh',
        '-c',
        'ls "$1" && touch "$2"',
        'sh',
        `${folder.join(name)}${root}`,
        `${folder.join(name)}${file}`,
      ];
      const arguments_ = ['--mount', 'sh', 'scripts/qemu/share.sh', folder.join(name), ...command];
      const { stdout, stderr } = spawnSync('unshare', arguments_, { cwd: root, encoding: 'utf8', timeout: 10_000 });
      expect(stdout, name).toContain('package.json');
      expect(stderr, name).toContain('Read-only file system');
    }
    expect(existsSync(file)).toBe(false);
  });

  it('is gone with all its traces when it is interrupted', { timeout }, async () => {
    const guest = start('sleep', '1000');
    await using folder = await booting(guest);
    guest.kill('SIGTERM');
    expect(await once(guest, 'close')).toEqual([143, null]);
    expect(processesIn(folder.path)).toEqual([]);
    expect(existsSync(folder.path)).toBe(false);
  });

  it('does not outlive the script that is killed', { timeout }, async () => {
    const guest = start('sleep', '1000');
    await using folder = await booting(guest);
    guest.kill('SIGKILL');
    await once(guest, 'close');
    await expect.poll(() => processesIn(folder.path), { timeout: 5_000 }).toEqual([]);
  });
});

function start(...command: string[]): ChildProcess {
  return spawn(process.execPath, ['scripts/qemu/run.mjs', ...command], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Its temporary folder, once both its programs run; whatever is left of all that ends with the scope. */
async function booting(guest: ChildProcess): Promise<AsyncDisposable & { path: string }> {
  const find = () => globSync(join(tmpdir(), `estiba-${guest.pid}-qemu-*`))[0] ?? '';
  await expect.poll(() => find() !== '' && processesIn(find()).length, { timeout: 60_000 }).toBe(2);
  const path = find();
  return {
    path,
    async [Symbol.asyncDispose]() {
      guest.kill('SIGKILL');
      for (const pid of processesIn(path)) process.kill(pid, 'SIGKILL');
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** Those whose command line names it. */
function processesIn(folder: string): number[] {
  return globSync('/proc/[0-9]*/cmdline').flatMap((file) =>
    readOrNothing(file).includes(folder) ? [Number(file.split('/')[2])] : [],
  );
}

function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // It has ended meanwhile.
    return '';
  }
}
