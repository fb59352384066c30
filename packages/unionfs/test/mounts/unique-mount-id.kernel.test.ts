import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { execve, launch, perform, type Step, syscall, words } from '@estiba/syscalls';
import { guard, requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { mountTmpfs } from '../../src/mount-tmpfs.ts';
import { mountedAt } from '../../src/mounts/mounted.ts';
import { attach } from '../../src/steps/detached-mount.ts';
import { tmpfsTree } from '../../src/steps/tmpfs.ts';
import { scratchOfLayers } from '../scratch-of-layers.ts';

guard();

const isMounted = (path: string) => readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${path} `);

requires({ on: ['host', 'uml'], root: true })('what has just been mounted', () => {
  it('is told by its descriptor from what somebody has put on top of it since', async () => {
    using folder = scratchOfLayers('mounted');
    const path = folder.join('memory');
    const made = tmpfsTree();
    const tree = perform(attach('tmpfs', made, path), { keep: [made.tree] }).fd(made.tree);
    await using top = await mountTmpfs(path);
    writeFileSync(`${top.path}/top`, '');
    const mounted = mountedAt(path, tree);
    tree.close();
    await expect(mounted[Symbol.asyncDispose]()).rejects.toMatchObject({ code: 'EBUSY' });
    expect(readdirSync(path)).toEqual(['top']);
    await top.unmount();
    await mounted.unmount();
    expect(isMounted(path)).toBe(false);
  });
});

requires({ on: ['host'], root: true, kernel: '6.8' })('a process that may not call statmount', () => {
  it.each(['EPERM', 'ENOSYS'] as const)('for which it fails with %s, unmounts what it has mounted', async (code) => {
    using folder = scratchOfLayers('mounted');
    const script = `
      const { mountTmpfs } = await import(process.cwd() + '/packages/unionfs/src/mount-tmpfs.ts');
      const mounted = await mountTmpfs(process.argv[1]);
      await mounted.unmount();
      await mounted.unmount();
      { await using again = await mountTmpfs(process.argv[1]); }`;
    const options = ['--conditions=estiba-source', '--input-type=module', '-e', script, folder.join('memory')];
    const node = execve(process.execPath, ['node', ...options], process.env as Record<string, string>);
    await using child = await launch([refusing(constants.errno[code]), node], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    expect(await child.wait()).toMatchObject({ exitCode: 0 });
    expect(isMounted(folder.join('memory'))).toBe(false);
  });
});

/** A filter of seccomp(2) for statmount(2). */
function refusing(errno: number): Step {
  const instruction = (operation: number, value: number, ifTrue = 0, ifFalse = 0) => {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt16LE(operation);
    bytes.writeUInt8(ifTrue, 2);
    bytes.writeUInt8(ifFalse, 3);
    bytes.writeUInt32LE(value, 4);
    return bytes;
  };
  const [LOAD, JUMP_IF_EQUAL, RETURN] = [0x20, 0x15, 0x06];
  const [SECCOMP_RET_ERRNO, SECCOMP_RET_ALLOW, statmount] = [0x5_0000, 0x7fff_0000, 457];
  const filter = [
    instruction(LOAD, 0),
    instruction(JUMP_IF_EQUAL, statmount, 0, 1),
    instruction(RETURN, SECCOMP_RET_ERRNO | errno),
    instruction(RETURN, SECCOMP_RET_ALLOW),
  ];
  return syscall('seccomp', 1, 0, words(filter.length, Buffer.concat(filter)));
}
