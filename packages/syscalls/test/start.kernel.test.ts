import { EventEmitter } from 'node:events';
import { writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { compile } from '../src/compile.ts';
import { continueInChild, type LaunchOptions, pause, perform, syscall } from '../src/index.ts';
import { RECORD, writeRecord } from '../src/protocol.ts';
import { spawnLauncher } from '../src/spawn.ts';
import { Start } from '../src/start.ts';
import { openChannels } from '../src/stdio.ts';

/** A process that waits, and that nobody waits for yet. */
function someProcess(): number {
  using channels = openChannels('ignore');
  using ours = channels.socket();
  const { program, descriptors } = compile([syscall('ppoll', 0, 0, 0, 0, 0)], { reportFd: channels.theirs });
  writeSync(ours.number, program);
  return spawnLauncher({ socket: channels.theirs, stdio: channels.stdio, inherit: descriptors });
}

/** A socket over which the test says what it likes. */
class Line extends EventEmitter {
  readonly written: Buffer[] = [];
  destroyed = false;
  write(bytes: Buffer): void {
    this.written.push(bytes);
  }
  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit('close');
  }
}

function start(options: LaunchOptions = {}) {
  const line = new Line();
  const program = [continueInChild(), continueInChild(), pause('last')];
  const pids = [someProcess(), someProcess(), someProcess()] as const;
  const compiled = compile(program, { reportFd: 9 });
  const starting = new Start(pids[0], compiled, line as unknown as Socket, options);
  return { line, pids, starting, say: (...records: Buffer[]) => line.emit('data', Buffer.concat(records)) };
}

function kill(pids: readonly number[]): void {
  for (const pid of pids) perform([syscall('kill', pid, 9)]);
}

requires({ on: ['host', 'uml'] })('what processes say while they start', () => {
  it('is understood though the grandchild speaks before the child', async () => {
    const asked: number[] = [];
    const { line, pids, starting, say } = start({ at: { last: ({ pid }) => void asked.push(pid) } });
    say(writeRecord(RECORD.pause, 0, 2));
    say(writeRecord(RECORD.child, pids[2], 2));
    expect(asked).toEqual([]);
    say(writeRecord(RECORD.child, pids[1], 1));
    expect(asked).toEqual([pids[2]]);
    line.destroy();
    const process = await starting.done;
    expect(process.pid).toBe(pids[2]);
    kill(pids);
    expect(await process.exited).toEqual({ exitCode: null, signal: 'SIGKILL' });
  });

  it('ends everything when it is no record of ours', async () => {
    const { line, pids, starting, say } = start();
    say(writeRecord(RECORD.child, pids[1], 1), writeRecord(RECORD.child, pids[2], 2));
    say(Buffer.alloc(24, 'x'));
    kill(pids.slice(0, 2));
    line.destroy();
    await expect(starting.done).rejects.toThrow(/not a record of the protocol/);
  });

  it('is an error when it stops too early', async () => {
    const { line, pids, starting, say } = start();
    say(writeRecord(RECORD.child, pids[1], 1));
    kill(pids.slice(0, 2));
    line.destroy();
    await expect(starting.done).rejects.toThrow('the launcher ended (SIGKILL) before its program did');
    // The last one was never told of: it is ours to end.
    kill(pids.slice(2));
    perform([syscall('wait4', pids[2], 0, 0, 0)]);
  });
});
