import { readdirSync } from 'node:fs';
import { requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { continueInChild, launch, pause, syscall } from '../../src/index.ts';
import { shell } from './finished.ts';
import { ownChildren } from './own-children.ts';

const endless = syscall('ppoll', 0, 0, 0, 0, 0);
const soon = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

requires({ on: ['host', 'uml'] })('an abort', () => {
  it('before the start prevents it', async () => {
    const reason = new Error('not wanted');
    await expect(launch(shell('true'), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(ownChildren()).toEqual([]);
  });

  it.each([0, 1, 5, 20])('%i ms after the start ends a program that takes its time', async (delay) => {
    const controller = new AbortController();
    const reason = new Error('enough');
    setTimeout(() => controller.abort(reason), delay);
    await expect(launch([endless], { signal: controller.signal })).rejects.toBe(reason);
    expect(ownChildren()).toEqual([]);
  });

  it.each([0, 1, 2, 3, 4, 5])('at any moment of a program with children leaves none (%i)', async (delay) => {
    for (let times = 0; times < 10; times++) {
      const controller = new AbortController();
      const reason = new Error('enough');
      const start = launch([continueInChild(), continueInChild(), endless], {
        signal: controller.signal,
        stdio: 'ignore',
      });
      setTimeout(() => controller.abort(reason), delay / 3);
      await expect(start).rejects.toBe(reason);
      expect(ownChildren()).toEqual([]);
    }
  });

  it('ends a program that is stuck before its child exists', async () => {
    await expect(
      launch([endless, continueInChild(), shell('true')], { signal: AbortSignal.timeout(30) }),
    ).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(ownChildren()).toEqual([]);
  });

  it('during a pause ends it, whatever its handler does', async () => {
    const controller = new AbortController();
    const wait = async () => {
      controller.abort(new Error('enough'));
      await soon(50);
      return undefined;
    };
    await expect(launch([pause('wait'), shell('true')], { at: { wait }, signal: controller.signal })).rejects.toThrow(
      'enough',
    );
    expect(ownChildren()).toEqual([]);
  });

  it('after the start kills the command', async () => {
    const controller = new AbortController();
    await using child = await launch(shell('exec sleep 20'), { signal: controller.signal, stdio: 'ignore' });
    controller.abort();
    expect(await child.wait()).toEqual({ exitCode: null, signal: 'SIGKILL' });
  });

  it('after the end does nothing', async () => {
    const controller = new AbortController();
    await using child = await launch(shell('exit 4'), { signal: controller.signal, stdio: 'ignore' });
    expect(await child.wait()).toEqual({ exitCode: 4, signal: null });
    controller.abort();
    expect(await child.wait()).toEqual({ exitCode: 4, signal: null });
  });

  it('of a wait ends the waiting only', async () => {
    await using child = await launch(shell('exec sleep 20'), { stdio: 'ignore' });
    await expect(child.wait({ signal: AbortSignal.timeout(10) })).rejects.toMatchObject({ name: 'TimeoutError' });
    await expect(child.wait({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
    expect(child.kill('SIGUSR1')).toBe(true);
    expect(await child.wait({ signal: AbortSignal.timeout(10_000) })).toEqual({ exitCode: null, signal: 'SIGUSR1' });
  });
});

requires({ on: ['host', 'uml'] })('a child', () => {
  it('that has ended takes no signal, whoever has its number now', async () => {
    await using child = await launch([], { stdio: 'ignore' });
    await child.wait();
    expect(child.kill()).toBe(false);
    expect(child.pidfd.closed).toBe(true);
  });

  it('is sent no signal that does not exist', async () => {
    await using child = await launch(shell('exec sleep 20'), { stdio: 'ignore' });
    expect(() => child.kill('SIGNONE' as 'SIGINT')).toThrow('no such signal: SIGNONE');
    expect(() => child.kill('toString' as 'SIGINT')).toThrow('no such signal: toString');
  });

  it('is killed and waited for when it is disposed of', async () => {
    let pid: number;
    {
      await using child = await launch(shell('exec sleep 20'));
      pid = child.pid;
    }
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
    expect(ownChildren()).toEqual([]);
  });

  it('leaves nothing after success, failure and abort, a hundred at once', async () => {
    const before = readdirSync('/proc/self/fd').length;
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const signal = AbortSignal.timeout(index % 3 === 2 ? 20 : 15_000);
        const programs = [
          shell('exit 5'),
          [continueInChild(), shell('exec /nowhere')],
          [syscall('openat', -100, '/nowhere', 0, 0)],
        ];
        try {
          await using child = await launch(index % 3 === 2 ? [endless] : (programs[index % 2] as never), {
            signal,
            stdio: index % 2 ? 'pipe' : 'ignore',
          });
          return (await child.wait()).exitCode;
        } catch (error) {
          return (error as Error).name;
        }
      }),
    );
    expect(new Set(outcomes)).toEqual(new Set([5, 127, 126, 'TimeoutError'].filter((each) => outcomes.includes(each))));
    expect(outcomes.filter((each) => each === 'TimeoutError').length).toBeGreaterThan(30);
    await soon(50);
    expect(ownChildren()).toEqual([]);
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });
});
