import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { machine, requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { launch, perform, syscall } from '../../src/index.ts';
import { shell } from './finished.ts';
import { ownChildren } from './own-children.ts';

requires({ on: ['host', 'uml'] })('waiting', () => {
  it('takes no exit of Node’s own children, nor Node one of ours', async () => {
    // Node copies itself for each, which takes a tenth of a second there.
    const count = machine() === 'uml' ? 15 : 40;
    const ours = Array.from({ length: count }, async (_, index) => {
      await using child = await launch(shell(`sleep 0.0${index % 10}; exit $1`, String(index)), { stdio: 'ignore' });
      return (await child.wait()).exitCode;
    });
    const theirs = Array.from({ length: count }, async (_, index) => {
      const child = spawn('/bin/sh', ['-c', `sleep 0.0${index % 10}; exit ${100 + index}`], { stdio: 'ignore' });
      return (await once(child, 'exit'))[0];
    });
    const upTo = (from: number) => Array.from({ length: count }, (_, index) => from + index);
    expect(await Promise.all(ours)).toEqual(upTo(0));
    expect(await Promise.all(theirs)).toEqual(upTo(100));
    expect(ownChildren()).toEqual([]);
  });

  it('for one that somebody else has waited for ends, though nobody knows how it ended', async () => {
    await using child = await launch([syscall('exit_group', 3)], { stdio: 'ignore', at: {} });
    // Blocks the event loop, so that nobody else can be first.
    const first = (() => {
      try {
        perform([syscall('wait4', child.pid, 0, 0, 0)]);
        return true;
      } catch {
        return false;
      }
    })();
    expect(await child.wait()).toEqual(first ? { exitCode: null, signal: null } : { exitCode: 3, signal: null });
  });

  it('goes on when somebody has taken away the listeners of SIGCHLD', async () => {
    await using child = await launch(shell('exec sleep 0.1'), { stdio: 'ignore' });
    const listeners = process.listeners('SIGCHLD');
    process.removeAllListeners('SIGCHLD');
    try {
      expect(await child.wait()).toEqual({ exitCode: 0, signal: null });
    } finally {
      for (const listener of listeners) process.on('SIGCHLD', listener);
    }
  });
});
