import type { AgentOptions } from 'node:http';
import type { Socket } from 'node:net';

/** Twice what a stream holds. More is a twentieth faster, and is lost when the process is killed: see blob-writer.ts of image-spec. */
const size = 128 * 1024;

/**
 * For an agent: connections that read into one buffer, where each read has memory of its own otherwise. The parser of HTTP
 * copies what it hands on, so what was read is garbage at once, and memory outside of the heap makes full collections
 * frequent: they were a third of a download from this machine. `onread` of
 * https://nodejs.org/api/net.html#socketconnectoptions-connectlistener, which an agent passes on.
 */
export function intoOneBuffer(): AgentOptions {
  const buffer = Buffer.allocUnsafeSlow(size);
  const onread = {
    buffer,
    // Called on the socket, which says nothing of data by itself then; the parser listens to that. It is done with the bytes
    // when this returns.
    callback(this: Socket, bytes: number): boolean {
      this.emit('data', buffer.subarray(0, bytes));
      return true;
    },
  };
  return { onread } as AgentOptions;
}
