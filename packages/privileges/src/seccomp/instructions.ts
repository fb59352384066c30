/** struct sock_filter, read back. */
export interface Instruction {
  readonly code: number;
  readonly yes: number;
  readonly no: number;
  readonly k: number;
}

export function decodeInstructions(bytes: Uint8Array): Instruction[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 8 }, (_, index) => decodeInstruction(view, index));
}

export function decodeInstruction(view: DataView, index: number): Instruction {
  return {
    code: view.getUint16(index * 8, true),
    yes: view.getUint8(index * 8 + 2),
    no: view.getUint8(index * 8 + 3),
    k: view.getUint32(index * 8 + 4, true),
  };
}
