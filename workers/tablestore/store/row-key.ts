/** A database key, and the same bytes as characters, for maps. */
export type RowKey = { readonly bytes: Buffer; readonly text: string };

export function rowKeyOf(bytes: Buffer): RowKey {
  return { bytes, text: bytes.toString("latin1") };
}
