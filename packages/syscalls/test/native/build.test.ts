import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { scratch } from '@estiba/testkit';
import { describe, expect, it } from 'vitest';

const native = fileURLToPath(new URL('../../native/', import.meta.url));
const files = ['launcher', 'interpreter.so'];

function buildIn(folder: string): { status: number | null; stderr: string } {
  mkdirSync(folder, { recursive: true });
  for (const file of ['interpreter.c', 'build.mjs']) cpSync(native + file, `${folder}/${file}`);
  return spawnSync(process.execPath, [`${folder}/build.mjs`], { encoding: 'utf8', cwd: folder });
}

describe.runIf(process.platform === 'linux')('the build', () => {
  it('makes the same bytes in whatever folder', async () => {
    await using place = scratch('build');
    const [first, second] = [place.join('a'), place.join('a/much/longer name')];
    for (const folder of [first, second]) expect(buildIn(folder)).toMatchObject({ status: 0, stderr: '' });
    for (const arch of ['x64', 'arm64'].filter((name) => existsSync(`${first}/linux-${name}`))) {
      for (const file of files) {
        const [one, two] = [first, second].map((folder) => readFileSync(`${folder}/linux-${arch}/${file}`));
        expect(one?.equals(two as Buffer), `${arch} ${file}`).toBe(true);
        expect(one?.includes(place.path), `${arch} ${file} names its folder`).toBe(false);
        expect(statSync(`${first}/linux-${arch}/${file}`).mode & 0o111).toBe(0o111);
      }
    }
  });

  it('makes a launcher of a few kilobytes that needs no library, and memory that is never writable and executable', async () => {
    const launcher = readFileSync(`${native}linux-${process.arch}/launcher`);
    expect(launcher.length).toBeLessThan(4096);
    const headers = programHeaders(launcher);
    const [PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_GNU_STACK] = [1, 2, 3, 0x6474e551];
    expect(headers.filter(({ type }) => type === PT_DYNAMIC || type === PT_INTERP)).toEqual([]);
    const [X, W] = [1, 2];
    for (const { flags } of headers.filter(({ type }) => type === PT_LOAD)) expect(flags & (W | X)).not.toBe(W | X);
    expect(headers.find(({ type }) => type === PT_GNU_STACK)?.flags).toBe(6);
  });

  it('stops where there is no compiler, and says what to install', async () => {
    await using place = scratch('build');
    for (const file of ['interpreter.c', 'build.mjs']) cpSync(native + file, place.join(file));
    const { status, stderr } = spawnSync(process.execPath, [place.join('build.mjs')], {
      encoding: 'utf8',
      env: { PATH: '/nowhere', CC: '/nowhere/cc' },
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(/no C compiler found \(tried \/nowhere\/cc, cc, .*apt-get install gcc/);
  });
});

/** elf(5), 64 bits, little endian */
function programHeaders(elf: Buffer): { type: number; flags: number }[] {
  const [at, size, count] = [Number(elf.readBigUInt64LE(32)), elf.readUInt16LE(54), elf.readUInt16LE(56)];
  return Array.from({ length: count }, (_, index) => ({
    type: elf.readUInt32LE(at + index * size),
    flags: elf.readUInt32LE(at + index * size + 4),
  }));
}
