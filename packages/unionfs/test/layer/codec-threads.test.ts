import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { CodecThread } from '../../src/layer/codec-thread.ts';
import { endRestingThreads, giveBackThread, takeThread, threadRests } from '../../src/layer/codec-threads.ts';

const content = randomBytes(5 * 2 ** 20);
const layer = gzipSync(content, { level: 1 });
const made: CodecThread[] = [];

afterAll(async () => {
  for (const thread of made) await thread[Symbol.asyncDispose]();
});

describe('a thread for layers', () => {
  it('stays for the next layer, of another digest too', async () => {
    const thread = take();
    expect((await inflated(thread, layer, 'sha256')).equals(content)).toBe(true);
    const digest = thread.digest;
    await giveBackThread(thread);
    expect(threadRests()).toBe(true);
    expect(take()).toBe(thread);
    expect(threadRests()).toBe(false);
    expect((await inflated(thread, layer, 'sha512')).equals(content)).toBe(true);
    expect(thread.digest).toHaveLength(128);
    expect(digest).toHaveLength(64);
    await thread[Symbol.asyncDispose]();
  });

  it('ends after a layer that is broken', async () => {
    const thread = take();
    const broken = Buffer.concat([layer.subarray(0, 100_000), Buffer.alloc(100_000, 7)]);
    await expect(inflated(thread, broken, 'sha256')).rejects.toMatchObject({ code: 'LAYER_INVALID' });
    await giveBackThread(thread);
    expect(threadRests()).toBe(false);
  });

  it('ends when a layer is given up in its middle', async () => {
    const thread = take();
    for await (const block of thread.blocks(pieces(layer), 'sha256')) {
      expect(block.length).toBeGreaterThan(0);
      break;
    }
    await giveBackThread(thread);
    expect(threadRests()).toBe(false);
  });

  it.each([
    ['ends', 'as many bytes as it may', content.length],
    ['stays', 'one byte less', content.length + 1],
  ])('%s when it has handed out %s', async (what, _, plenty) => {
    await using thread = new CodecThread({ plenty });
    await inflated(thread, layer, 'sha256');
    await giveBackThread(thread);
    expect(threadRests()).toBe(what === 'stays');
    if (what === 'stays') expect(take()).toBe(thread);
  });

  it('that has died while it rested is not taken', async () => {
    const thread = take();
    await inflated(thread, layer, 'sha256');
    await giveBackThread(thread);
    await thread[Symbol.asyncDispose]();
    expect(take()).not.toBe(thread);
  });

  it('ends when it is told to, or has rested for ten seconds', async () => {
    const one = take();
    await inflated(one, layer, 'sha256');
    await giveBackThread(one);
    await endRestingThreads();
    expect(threadRests()).toBe(false);
    expect(one.idle).toBe(false);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const other = new CodecThread();
      made.push(other);
      await inflated(other, layer, 'sha256');
      await giveBackThread(other);
      vi.advanceTimersByTime(9_999);
      expect(other.idle).toBe(true);
      vi.advanceTimersByTime(1);
      expect(threadRests()).toBe(false);
    } finally {
      vi.useRealTimers();
    }
  });

  it('does not keep a program from ending while it rests', () => {
    const source = `
      import { readFileSync } from 'node:fs';
      import { Readable } from 'node:stream';
      import { giveBackThread, takeThread } from ${JSON.stringify(import.meta.resolve('../../src/layer/codec-threads.ts'))};
      const thread = takeThread();
      for await (const block of thread.blocks(Readable.from([readFileSync(0)]), 'sha256'));
      await giveBackThread(thread);
      console.log(thread.digest.length);`;
    // Far less than it rests before it ends by itself.
    const options = { input: layer, encoding: 'utf8', timeout: 6_000 } as const;
    expect(
      execFileSync(process.execPath, ['--conditions=estiba-source', '--input-type=module', '-e', source], options),
    ).toBe('64\n');
  });
});

function take(): CodecThread {
  const thread = takeThread();
  made.push(thread);
  return thread;
}

async function inflated(thread: CodecThread, compressed: Buffer, algorithm: 'sha256' | 'sha512'): Promise<Buffer> {
  const blocks: Buffer[] = [];
  for await (const block of thread.blocks(pieces(compressed), algorithm)) blocks.push(Buffer.from(block));
  return Buffer.concat(blocks);
}

function pieces(compressed: Buffer): AsyncIterable<Buffer> {
  return Readable.from(
    [compressed.subarray(0, 1_000_000), compressed.subarray(1_000_000)].filter((piece) => piece.length),
  );
}
