import { crc8Byte } from "@/lib/tablestore/crc8";
import { headerLength, plainTag } from "@/lib/tablestore/plain-buffer-tags";
import {
  type Cell,
  encodeRow,
  type KeySection,
  noOperation,
  noTimestamp,
  readSafeInt64,
} from "./cell";

/**
 * A row as LevelDB keeps it: the commit sequence of its last change, then a PlainBuffer of the row
 * with every cell sorted and dated. So a base record, and most read answers, are these bytes as
 * they are.
 */
export const storedHeaderLength = 6;

export function encodeStoredRow(key: KeySection, cells: readonly Cell[]): Buffer {
  return encodeRow(key, cells, { reserve: storedHeaderLength });
}

export function writeSequence(stored: Buffer, sequence: number): void {
  stored.writeUIntBE(sequence, 0, storedHeaderLength);
}

export function sequenceOf(stored: Buffer): number {
  return stored.readUIntBE(0, storedHeaderLength);
}

/** The row's PlainBuffer bytes, as a view. */
export function plainBytesOf(stored: Buffer): Buffer {
  return stored.subarray(storedHeaderLength);
}

/** The row's parts, as views. The bytes were checked when they were written. */
export function readStoredRow(stored: Buffer): { key: KeySection; cells: Cell[] } {
  const key = keySectionOf(stored);
  const at = storedHeaderLength + headerLength + key.bytes.length;
  return { key, cells: stored[at] === plainTag.attributes ? readCells(stored, at + 1) : [] };
}

/** The primary key section alone. */
export function keySectionOf(stored: Buffer): KeySection {
  const start = storedHeaderLength + headerLength;
  let at = start + 1;
  let crc = 0;
  while (stored[at] === plainTag.cell) {
    at += 6 + stored.readUInt32LE(at + 2);
    at += 5 + stored.readUInt32LE(at + 1);
    crc = crc8Byte(crc, stored[at + 1] as number);
    at += 2;
  }
  return { bytes: stored.subarray(start, at), crc };
}

function readCells(bytes: Buffer, from: number): Cell[] {
  const cells: Cell[] = [];
  let at = from;
  while (bytes[at] === plainTag.cell) {
    const nameEnd = at + 6 + bytes.readUInt32LE(at + 2);
    const name = bytes.toString("latin1", at + 6, nameEnd);
    at = nameEnd;
    let valueStart = at;
    let valueEnd = at;
    if (bytes[at] === plainTag.cellValue) {
      valueStart = at + 5;
      valueEnd = valueStart + bytes.readUInt32LE(at + 1);
      at = valueEnd;
    }
    let timestampMs = noTimestamp;
    if (bytes[at] === plainTag.cellTimestamp) {
      timestampMs = readSafeInt64(bytes, at + 1);
      at += 9;
    }
    const crc = bytes[at + 1] as number;
    cells.push({ name, operation: noOperation, timestampMs, bytes, valueStart, valueEnd, crc });
    at += 2;
  }
  return cells;
}
