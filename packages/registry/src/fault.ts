/**
 * Something that goes wrong on purpose: which requests it hits, and what happens to them. What is not mentioned goes on as
 * if nothing had happened, so that most of these can be combined.
 *
 * @example Downloads that break, go on, and end
 * registry.fail({ path: '/blobs/', cutAfter: 1_000_000 });
 * registry.fail({ path: '/blobs/', ignoreRange: true });
 *
 * @example A registry that wants to be left alone, in both of the ways to say so
 * registry.fail({ status: 429, retryAfter: 1 });
 * registry.fail({ status: 503, retryAfter: new Date(Date.now() + 2000), times: 3 });
 *
 * @example A token that runs out between two chunks of an upload, and a chunk that is cut off
 * registry.fail({ method: 'PATCH', after: 1, expireTokens: true });
 * registry.fail({ method: 'PATCH', cutUploadAfter: 4096 });
 *
 * @example Lies
 * registry.fail({ path: '/blobs/', corruptAt: 17 });
 * registry.fail({ path: '/blobs/', headers: { 'content-range': 'bytes 0-9/10' } });
 * registry.fail({ path: '/manifests/', headers: { 'docker-content-digest': `sha256:${'0'.repeat(64)}` } });
 *
 * @example Answers without measure
 * registry.fail({ headerBytes: 10_000_000 });
 * registry.fail({ path: '/manifests/', endless: true });
 * registry.fail({ hang: true });
 *
 * @example Content that lies on another origin, which must not see credentials
 * registry.fail({ path: '/blobs/', redirect: 'elsewhere', times: Infinity });
 */
export interface Fault {
  readonly method?: string;
  /** A part of the path and query, or a pattern for it. */
  readonly path?: string | RegExp;
  /** Which of the registry's servers; `registry` unless told. */
  readonly server?: 'registry' | 'elsewhere';
  /** How many requests that match it lets pass first; 0 unless told. */
  readonly after?: number;
  /** How many requests it hits; 1 unless told. */
  readonly times?: number;

  /** Milliseconds before anything happens. */
  readonly delay?: number;
  /** Never answers. */
  readonly hang?: boolean;
  /** Breaks the connection in place of an answer. */
  readonly reset?: boolean;
  /** Forgets every token that was given out, before the request is looked at. */
  readonly expireTokens?: boolean;

  /** Answer with this status instead, and with `headers` and `body`. */
  readonly status?: number;
  /** With `status`, all there are; without, in addition to, or in place of, those of the true answer. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Retry-After, as seconds or as a date. RFC 9110 section 10.2.3 */
  readonly retryAfter?: number | Date;
  /** Send the reader to the same path of this origin, or of the registry's own second one. */
  readonly redirect?: string;
  /** The address at which an upload goes on is one of the second origin. */
  readonly uploadElsewhere?: boolean;

  /** Break the connection after so many bytes of the answer's body. */
  readonly cutAfter?: number;
  /** Serve a blob as if it ended after so many bytes. */
  readonly endAfter?: number;
  /** Send nothing more after so many bytes of the body, and keep the connection. */
  readonly stallAfter?: number;
  /** Change the byte at this place of the body. */
  readonly corruptAt?: number;
  /** Send the body no faster than this. */
  readonly bytesPerSecond?: number;
  /** Answer with the whole content although a range was asked for. */
  readonly ignoreRange?: boolean;
  /** After the body come zeros without end. */
  readonly endless?: boolean;
  /** One more header of so many bytes. */
  readonly headerBytes?: number;
  /** So many more headers. */
  readonly headerCount?: number;
  /** In place of an answer, headers without end. */
  readonly endlessHeaders?: boolean;

  /** Break the connection after so many bytes of the request's body; what came before is kept. */
  readonly cutUploadAfter?: number;
  /** Read the request's body no faster than this. */
  readonly uploadBytesPerSecond?: number;
}
