/**
 * Memory that nobody will look at any more, now and not by the next collection: what lies outside of the heap is not
 * collected before there are 64 MB of it, and a transfer would grow to that.
 */
export function giveBack({ buffer, byteLength }: Uint8Array): void {
  // A part of something larger is left alone: somebody else may have the rest.
  if (buffer instanceof ArrayBuffer && !buffer.detached && buffer.byteLength === byteLength) buffer.transfer(0);
}
