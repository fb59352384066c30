import { requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { continueInChild, launch, load, out, pause, perform, syscall } from '../../src/index.ts';
import { finished, output, shell } from './finished.ts';

requires({ on: ['host', 'uml'] })('a pause', () => {
  it('waits for its handler, which knows the process', async () => {
    const order: string[] = [];
    const text = await output([pause('first'), pause('second'), shell('echo ran')], {
      at: {
        first: async ({ pid, pidfd }) => {
          await new Promise((resolve) => setTimeout(resolve, 30));
          perform([syscall('pidfd_send_signal', pidfd, 0, 0, 0)]);
          perform([syscall('kill', pid, 0)]);
          order.push('first');
        },
        second: () => {
          order.push('second');
        },
      },
    });
    expect([order, text]).toEqual([['first', 'second'], 'ran\n']);
  });

  it('puts the answer where the program said', async () => {
    const answer = out(8);
    const code = load(answer, 4);
    const at = { ask: () => Buffer.from([0, 0, 0, 0, 42, 0, 0, 0]) };
    expect((await finished([pause('ask', answer), syscall('exit_group', code)], { at })).status.exitCode).toBe(42);
    const short = { ask: async () => new Uint8Array(0) };
    expect((await finished([pause('ask', answer), syscall('exit_group', code)], { at: short })).status.exitCode).toBe(
      0,
    );
  });

  it('carries a large answer whole', async () => {
    const answer = out(1 << 20);
    const at = { ask: () => Buffer.alloc(1 << 20, 'x') };
    const program = [pause('ask', answer), syscall('write', 1, answer, 1 << 16), syscall('exit_group', 0)];
    expect(await output(program, { at })).toBe('x'.repeat(1 << 16));
  });

  it.each<[string, () => void | Promise<void>]>([
    [
      'throws',
      () => {
        throw new Error('no good');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no good'))],
  ])('whose handler %s ends the process, and launch with it', async (_, handler) => {
    let seen = 0;
    const ask = ({ pid }: { pid: number }) => {
      seen = pid;
      return handler();
    };
    await expect(launch([pause('ask'), shell('echo never')], { at: { ask } })).rejects.toThrow('no good');
    expect(() => process.kill(seen, 0)).toThrow(/ESRCH/);
  });

  it('whose answer has no room is an error', async () => {
    await expect(launch([pause('ask', out(2))], { at: { ask: () => Buffer.alloc(3) } })).rejects.toThrow(
      'the answer to pause ask has 3 bytes, its place 2',
    );
  });

  it('without a handler is refused before anything starts', async () => {
    await expect(launch([pause('ready')])).rejects.toThrow(
      /the program pauses at "ready", but launch was given no handler/,
    );
    await expect(launch([pause('toString')], { at: {} })).rejects.toThrow(/no handler/);
  });

  it('is answered for the process that it happens in, which may speak before we know of it', async () => {
    const pids: number[] = [];
    const at = { here: ({ pid }: { pid: number }) => void pids.push(pid) };
    for (let times = 0; times < 20; times++) {
      await using child = await launch(
        [pause('here'), continueInChild(), pause('here'), continueInChild(), pause('here'), shell('true')],
        { at, stdio: 'ignore' },
      );
      expect((await child.wait()).exitCode).toBe(0);
      const [first, second, third] = pids.splice(0);
      expect(new Set([first, second, third]).size).toBe(3);
      expect(third).toBe(child.pid);
    }
  });
});
