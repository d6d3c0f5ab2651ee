/**
 * Memory of its own for bytes that are all overwritten before they are read: zeroing it first would
 * be work for nothing. A plain array, because `slice` of a Buffer is a view, not a copy.
 */
export function allocateUnzeroed(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}
