import type { IncomingMessage } from 'node:http';

/** A request as it arrived and what became of it, for those who test clients. Its numbers grow while it is served. */
export interface RegistryRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** The client's; requests on one connection share it. */
  readonly port: number | undefined;
  /** Which of the registry's two servers was asked; see `Registry.elsewhere`. */
  readonly server: 'registry' | 'elsewhere';
  /** The Range header. */
  readonly range: string | undefined;
  /** Of the answer; undefined where there was none, or is none yet. */
  readonly status: number | undefined;
  /** How much of the request's body has been read. */
  readonly bytesReceived: number;
  /** How much of the answer's body has been handed to the operating system. */
  readonly bytesSent: number;
}

/** The same, for those who serve it. */
export type RequestEntry = { -readonly [Key in keyof RegistryRequest]: RegistryRequest[Key] };

export function entryOf(request: IncomingMessage, server: RegistryRequest['server']): RequestEntry {
  const { method = '', url = '', headers } = request;
  return {
    method,
    path: url,
    headers,
    port: request.socket.remotePort,
    server,
    range: headers.range,
    status: undefined,
    bytesReceived: 0,
    bytesSent: 0,
  };
}
