import type { Readable } from 'node:stream';
import { digestOf, parseReference } from '@estiba/image-spec';
import { expect, test } from 'vitest';
import { limitTo } from '../src/limit.ts';
import { Transfers } from '../src/transfers.ts';
import type { Transport } from '../src/transport.ts';
import { scratchLayout } from './fixture.ts';

const mebibyte = 2 ** 20;
/** Less than a writer takes before it makes whoever writes wait for the disk, which would be a turn for others. */
const size = 7 * mebibyte;

test('who follows a blob has its first piece before the last is there, though the connection always has more', async () => {
  await using into = await scratchLayout();
  const content = Buffer.alloc(size, 'x');
  const descriptor = { mediaType: 'application/octet-stream', digest: digestOf(content), size };
  const source = alwaysMore(content);
  const transfers = new Transfers({
    transport: source.transport,
    reference: parseReference('registry.test/demo/app:1'),
    into,
    limit: limitTo(1),
    signal: new AbortController().signal,
  });
  const { complete, follow } = transfers.fetch(descriptor);
  const sentByThen = follow().then(async (stream: Readable) => {
    let sent: number | undefined;
    for await (const _ of stream) sent ??= source.sent;
    return sent;
  });
  await complete;
  expect(source.sent).toBe(size);
  expect(await sentByThen).toBeLessThan(size);
});

/** A registry from whose connection one can always read at once, without waiting for what happens elsewhere. */
function alwaysMore(content: Buffer): { readonly transport: Transport; readonly sent: number } {
  const sleeping = new Int32Array(new SharedArrayBuffer(4));
  let sent = 0;
  async function* body(): AsyncGenerator<Buffer> {
    for (; sent < size; sent += mebibyte / 4) {
      // As long as reading takes, in which others come as far as they can without this thread.
      Atomics.wait(sleeping, 0, 0, 10);
      yield Buffer.from(content.subarray(sent, sent + mebibyte / 4));
    }
  }
  const response = { statusCode: 200, headers: {} };
  const transport = {
    http: { body },
    retry: { retries: 0, delay: 1 },
    sendOnce: async () => ({ response, url: new URL('http://registry.test/') }),
  } as unknown as Transport;
  return {
    transport,
    get sent() {
      return sent;
    },
  };
}
