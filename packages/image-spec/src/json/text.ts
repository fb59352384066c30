/** A text, and the bytes it was or would be written as. */
export interface JsonText {
  readonly text: string;
  readonly bytes: Uint8Array;
}

/** Reads bytes as UTF-8. Where they are none: the number of the first byte that is wrong. */
export function decodeText(content: Uint8Array | string): JsonText | { readonly invalidAt: number } {
  if (typeof content === 'string') {
    const bytes = Buffer.from(content);
    return content.isWellFormed() ? { text: content, bytes } : { invalidAt: firstInvalid(bytes.toString(), content) };
  }
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const text = bytes.toString();
  const invalidAt = text.includes(replacement) ? invalidByte(text, bytes) : undefined;
  return invalidAt === undefined ? { text, bytes: content } : { invalidAt };
}

export interface Place {
  /** In bytes of UTF-8. */
  readonly offset: number;
  /** The first is 1, as is the first column, which counts characters. */
  readonly line: number;
  readonly column: number;
}

/** Where offsets in the text are in its bytes and in its lines. It goes on from the last: ask for them in their order. */
export function locator(text: string): (offset: number) => Place {
  let [at, bytes, line, lineAt] = [0, 0, 1, 0];
  return (offset) => {
    for (let end = text.indexOf('\n', at); end !== -1 && end < offset; end = text.indexOf('\n', end + 1)) {
      line++;
      lineAt = end + 1;
    }
    bytes += Buffer.byteLength(text.slice(at, offset));
    at = Math.max(at, offset);
    return { offset: bytes, line, column: offset - lineAt + 1 };
  };
}

// What the decoder puts where it finds something else than UTF-8; but it may also be written in full.
const replacement = '\ufffd';
const written = Buffer.from(replacement);

function invalidByte(text: string, bytes: Buffer): number | undefined {
  let byte = 0;
  for (let from = 0; ; ) {
    const found = text.indexOf(replacement, from);
    if (found === -1) return undefined;
    byte += Buffer.byteLength(text.slice(from, found));
    if (!bytes.subarray(byte, byte + written.length).equals(written)) return byte;
    byte += written.length;
    from = found + 1;
  }
}

/** Half a character of UTF-16 cannot be written: where the first one is, in bytes. */
function firstInvalid(wellFormed: string, text: string): number {
  const length = text.length;
  for (let index = 0; index < length; index++) {
    if (text.charCodeAt(index) !== wellFormed.charCodeAt(index)) return Buffer.byteLength(text.slice(0, index));
  }
  return 0;
}
