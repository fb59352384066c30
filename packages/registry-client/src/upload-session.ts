import { ImageSpecError } from '@estiba/image-spec';
import type { Content } from './content.ts';
import { RegistryError } from './error.ts';
import type { RequestBody } from './request-body.ts';
import type { Answer, Transport } from './transport.ts';
import type { UploadRequest } from './upload.ts';
import { acceptedBy, locationOf, noPieces, type SentUpload, sendUpload } from './upload-requests.ts';

/** What a registry has opened to take one blob: where it goes on, and how much of it is there. upload.ts draws the talk. */
export class UploadSession {
  /** Bytes that the registry said it has. */
  accepted = 0;
  /** The registry has closed the session, or lost it: only another one helps. */
  gone = false;
  readonly #transport: Transport;
  readonly #request: UploadRequest;
  readonly #chunkBytes: number | undefined;
  #location: URL;
  #resumed = 0;
  /** Something broke: what the registry has is to be asked before anything else is sent. */
  #uncertain = false;

  constructor(transport: Transport, request: UploadRequest, opened: Answer) {
    this.#transport = transport;
    this.#request = request;
    const location = locationOf(opened);
    if (location === undefined) throw this.#unexpected(opened, 'an upload has begun, and not where it goes on');
    this.#location = location;
    const least = Number(opened.response.headers['oci-chunk-min-length'] ?? 0);
    const { chunkBytes } = request;
    this.#chunkBytes = chunkBytes && Math.max(Math.floor(chunkBytes), Number.isSafeInteger(least) ? least : 0);
  }

  /** After an error: asks what has arrived. False where only another session helps. */
  async resume(): Promise<boolean> {
    if (this.gone || !this.#uncertain) return !this.gone;
    try {
      const answer = await this.#send({ method: 'GET', location: this.#location });
      this.#goOn(answer, acceptedBy(answer) ?? 0);
    } catch (error) {
      // Distribution will not even tell how much it has, once that is more than it had told before.
      if (error instanceof RegistryError && error.status !== undefined && !error.retryable) this.accepted = 0;
      else throw error;
    }
    // `0-0` stands for nothing and for one byte.
    this.gone = this.accepted < 2;
    this.#resumed = this.accepted;
    this.#uncertain = false;
    return !this.gone;
  }

  /** Sends what is missing, and closes the session. */
  async finish(): Promise<void> {
    const { size } = this.#content.descriptor;
    try {
      const pieces = this.#chunkBytes !== undefined || this.accepted > 0;
      if (pieces) while (this.accepted < size && (await this.#append()));
      await this.#close(this.accepted > 0 ? 0 : size);
    } catch (error) {
      this.#uncertain = true;
      throw this.#judged(error);
    }
  }

  /** Lets the registry forget what it has of the blob. What goes wrong with that is of no consequence. */
  async cancel(): Promise<void> {
    if (this.gone) return;
    this.gone = true;
    await this.#send({ method: 'DELETE', location: this.#location, signal: AbortSignal.timeout(cancelTimeout) }).catch(
      () => {},
    );
  }

  get #content(): Content {
    return this.#request.content;
  }

  /** False where the registry takes no pieces, and has none yet. */
  async #append(): Promise<boolean> {
    const { size } = this.#content.descriptor;
    const start = this.accepted;
    const end = Math.min(start + (this.#chunkBytes ?? size), size);
    const headers = { 'content-range': `${start}-${end - 1}`, 'content-type': 'application/octet-stream' };
    const accept = start === 0 ? noPieces : [];
    const answer = await this.#send({
      method: 'PATCH',
      location: this.#location,
      headers,
      body: this.#body(start, end),
      accept,
    });
    if (noPieces.includes(answer.response.statusCode ?? 0)) return false;
    const now = acceptedBy(answer) ?? end;
    if (now <= start || now > end) throw this.#unexpected(answer, `it has ${now} bytes after ${start}-${end - 1}`);
    this.#goOn(answer, now);
    return true;
  }

  async #close(bytes: number): Promise<void> {
    const { digest } = this.#content.descriptor;
    const location = new URL(this.#location);
    // What is in the query already may be signed as it is written.
    location.search += `${location.search === '' ? '?' : '&'}digest=${encodeURIComponent(digest)}`;
    const headers = { 'content-type': 'application/octet-stream' };
    const { response } = await this.#send({ method: 'PUT', location, headers, body: this.#body(0, bytes) });
    const stored = response.headers['docker-content-digest'];
    this.gone = true;
    if (typeof stored !== 'string' || stored === digest) return;
    const message = `cannot push blob ${digest} to ${this.#request.reference}: the registry calls it ${stored}`;
    throw new ImageSpecError('DIGEST_MISMATCH', message);
  }

  #body(start: number, end: number): Exclude<RequestBody, string | Uint8Array> {
    return { size: end - start, stream: () => this.#reported(start, end), transfer: this.#content.isPrivate };
  }

  async *#reported(start: number, end: number): AsyncGenerator<Uint8Array> {
    let done = start;
    for await (const piece of this.#content.read(start, end)) {
      // Whoever takes it may give its memory back.
      const { length } = piece;
      yield piece;
      done += length;
      this.#report(done);
    }
  }

  #report(done: number): void {
    this.#request.report(done, this.#resumed);
  }

  #goOn(answer: Answer, now: number): void {
    this.accepted = now;
    // The specification wants it in every answer; where it is left out, the session stays where it is.
    this.#location = locationOf(answer) ?? this.#location;
  }

  /** What another attempt may put right is made an error that passes. */
  #judged(error: unknown): unknown {
    if (!(error instanceof RegistryError)) return error;
    const { code, message, url, status } = error;
    // Content that was put together of what several connections brought gets a second chance; other wrong content does not.
    this.gone = status === 404 || (this.#resumed > 0 && (status === 400 || noPieces.includes(status ?? 0)));
    const options = { url, status, cause: error };
    if (status === 413) return new RegistryError(code, `${message}; smaller pieces may do: \`chunkBytes\``, options);
    if (!this.gone && status !== 416) return error;
    return new RegistryError(code, message, { ...options, retryable: true });
  }

  #unexpected({ url }: Answer, why: string): RegistryError {
    const { content, reference } = this.#request;
    const message = `cannot push blob ${content.descriptor.digest} to ${reference}: the registry says that ${why}`;
    return new RegistryError('UNEXPECTED', message, { url });
  }

  #send(sent: SentUpload): Promise<Answer> {
    return sendUpload(this.#transport, this.#request, sent);
  }
}

/** Milliseconds that a cancelled push waits for the registry to forget it. */
const cancelTimeout = 5000;
