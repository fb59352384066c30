import { readFileSync } from 'node:fs';
import { createServer, request as httpRequest, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** What one answer with a part of a blob came to. */
export interface Delivery {
  readonly path: string;
  /** Of the first byte. */
  readonly start: number;
  /** Bytes that the client has taken out of its connection, as far as is known: see `settle`. */
  taken: number;
}

/**
 * Between a client and a registry: counts what the client has got of each blob, and calls `reached`, once, when the bytes of
 * all blobs together reach `mark`.
 */
export class CountingProxy implements AsyncDisposable {
  readonly host: string;
  readonly deliveries: Delivery[] = [];
  mark = Number.POSITIVE_INFINITY;
  reached: () => void = () => {};
  readonly #server: Server;
  readonly #open = new Set<ServerResponse>();
  /** What was sent last on each connection: an answer may be at its end here, and still be on its way. */
  readonly #latest = new Map<Socket, Delivery>();
  #total = 0;

  private constructor(server: Server, origin: string) {
    this.#server = server;
    this.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, response) => {
      const onward = httpRequest(`${origin}${request.url}`, { method: request.method, headers: request.headers });
      onward.on('error', () => response.destroy());
      onward.on('response', (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        void this.#forward(request.url ?? '', answer, response);
      });
      onward.end();
      response.on('close', () => onward.destroy());
    });
  }

  static async start(origin: string): Promise<CountingProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new CountingProxy(server, origin);
  }

  /** Breaks all connections on which something is being sent, after what has been sent on them. */
  cut(): void {
    for (const response of this.#open) response.socket?.end();
  }

  /** What is in a connection still has not been taken. For this the client has to stand still. */
  settle(): void {
    const queues = readQueues();
    for (const [socket, delivery] of this.#latest) {
      if (socket.remotePort === undefined) continue;
      const [sending] = queues.get(`${socket.localPort}:${socket.remotePort}`) ?? [0];
      const [, receiving] = queues.get(`${socket.remotePort}:${socket.localPort}`) ?? [0, 0];
      delivery.taken -= socket.writableLength + sending + receiving;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #forward(
    path: string,
    answer: AsyncIterable<Buffer> & { headers: NodeJS.Dict<string | string[]> },
    response: ServerResponse,
  ): Promise<void> {
    const start = Number(/^bytes (\d+)-/.exec(String(answer.headers['content-range'] ?? ''))?.[1] ?? 0);
    const delivery = { path, start, taken: 0 };
    if (path.includes('/blobs/')) this.deliveries.push(delivery);
    this.#open.add(response);
    const { socket } = response;
    if (socket !== null && !this.#latest.has(socket)) socket.once('close', () => this.#latest.delete(socket));
    if (socket !== null) this.#latest.set(socket, delivery);
    try {
      for await (const chunk of answer) {
        // No further than to the mark, and there at a standstill.
        const most = path.includes('/blobs/') ? Math.max(this.mark - this.#total, 0) : Number.POSITIVE_INFINITY;
        const piece = chunk.subarray(0, most);
        if (!(await write(response, piece))) return;
        delivery.taken += piece.length;
        if (!path.includes('/blobs/')) continue;
        this.#total += piece.length;
        if (this.#total < this.mark) continue;
        const { reached } = this;
        // Several may get there in the same moment.
        this.reached = () => {};
        reached();
        return;
      }
      response.end();
    } catch {
      response.destroy();
    } finally {
      response.once('close', () => this.#open.delete(response));
    }
  }
}

function write(response: ServerResponse, chunk: Buffer): Promise<boolean> {
  if (response.destroyed) return Promise.resolve(false);
  if (response.write(chunk)) return Promise.resolve(true);
  return new Promise((resolve) => {
    const settle = () => {
      response.off('drain', settle).off('close', settle);
      resolve(!response.destroyed);
    };
    response.once('drain', settle).once('close', settle);
  });
}

/** Bytes not yet acknowledged, and not yet read, of `port:peer`. https://man7.org/linux/man-pages/man5/proc_pid_net.5.html */
function readQueues(): Map<string, [number, number]> {
  const lines = readFileSync('/proc/net/tcp', 'utf8').trim().split('\n').slice(1);
  return new Map(
    lines.map((line) => {
      const [, local = '', remote = '', , queues = ''] = line.trim().split(/\s+/);
      const port = (address: string) => Number.parseInt(address.split(':')[1] ?? '', 16);
      const [sending = 0, receiving = 0] = queues.split(':').map((text) => Number.parseInt(text, 16));
      return [`${port(local)}:${port(remote)}`, [sending, receiving]];
    }),
  );
}
