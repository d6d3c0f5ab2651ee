import { readThriftStruct } from "./thrift-tree";

const magic = "PAR1";
/** Length of the metadata, 4 bytes little-endian, and the magic. */
const endBytes = 8;

/** What a reader learns of a whole object from its last bytes. */
export type ParquetFooter = {
  readonly rows: number;
};

/** How many bytes from the end hold the whole footer; null when the bytes end no Parquet object. */
export function footerBytes(tail: Uint8Array): number | null {
  if (tail.length < endBytes) return null;
  const end = Buffer.from(tail.buffer, tail.byteOffset, tail.byteLength).subarray(-endBytes);
  if (end.toString("latin1", 4) !== magic) return null;
  return end.readUInt32LE(0) + endBytes;
}

/** Reads the footer that `tail` ends with; null when it is cut short or is none. */
export function readFooter(tail: Uint8Array): ParquetFooter | null {
  const length = footerBytes(tail);
  if (length === null || length > tail.length) return null;
  try {
    const fields = readThriftStruct(tail.subarray(tail.length - length, tail.length - endBytes));
    const rows = fields.get(3);
    return rows?.kind === "int64" ? { rows: rows.value } : null;
  } catch {
    // Anybody may have written these bytes: whatever the reader stumbles over, it is no footer.
    return null;
  }
}
