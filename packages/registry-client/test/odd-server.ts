import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';

export interface OddServer extends AsyncDisposable {
  readonly host: string;
  readonly url: string;
}

/** A server on loopback that does what it is told, which need not be what a registry does. */
export async function serve(listener: RequestListener): Promise<OddServer> {
  const server = createServer(listener);
  return {
    ...(await listen(server)),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The same, below HTTP. */
export async function serveTcp(listener: (socket: Socket) => void): Promise<OddServer> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)));
    listener(socket);
  });
  return {
    ...(await listen(server)),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function listen(server: Server): Promise<{ host: string; url: string }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { host, url: `http://${host}` };
}
