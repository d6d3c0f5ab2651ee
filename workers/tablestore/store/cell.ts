import { crc8Byte, crc8Range } from "@/lib/tablestore/crc8";
import { headerLength, plainTag, variantTag } from "@/lib/tablestore/plain-buffer-tags";

/**
 * A cell whose value still lies in the bytes it came in. Rows are copied from request to store to
 * record without ever becoming JavaScript values.
 */
export type Cell = {
  /** The name's UTF-8 bytes, one per character: comparing two of them compares bytes. */
  readonly name: string;
  /** The operation's byte, or `noOperation`. */
  readonly operation: number;
  /** Version of the cell, epoch ms, or `noTimestamp`. */
  readonly timestampMs: number;
  readonly bytes: Buffer;
  /** bytes[valueStart, valueEnd) is the value with its type byte; empty when there is none. */
  readonly valueStart: number;
  readonly valueEnd: number;
  /** The checksum of the cell as it would be written. */
  readonly crc: number;
};

export const noOperation = 0;
export const noTimestamp = -1;

/** A row's primary key section as bytes with its tag, and the row checksum over its cells. */
export type KeySection = { readonly bytes: Buffer; readonly crc: number };

const timestampScratch = Buffer.alloc(8);

/** Continues a cell checksum over a timestamp. */
export function crcOfTimestamp(crc: number, timestampMs: number): number {
  writeTimestamp(timestampScratch, 0, timestampMs);
  return crc8Range(crc, timestampScratch, 0, 8);
}

/** Timestamps are safe integers and never negative, so two 32-bit halves do. */
function writeTimestamp(bytes: Buffer, at: number, timestampMs: number): void {
  bytes.writeUInt32LE(timestampMs % 0x1_0000_0000, at);
  bytes.writeUInt32LE(Math.floor(timestampMs / 0x1_0000_0000), at + 4);
}

/** A 64-bit number that is known to be a safe integer. */
export function readSafeInt64(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readInt32LE(at + 4) * 0x1_0000_0000;
}

/** A cell holding an integer, as an increment leaves it. */
export function integerCell(name: string, value: bigint, timestampMs: number): Cell {
  const bytes = Buffer.allocUnsafe(9);
  bytes[0] = variantTag.integer;
  bytes.writeBigInt64LE(value, 1);
  const crc = crcOfTimestamp(
    crc8Range(crc8Range(0, Buffer.from(name, "latin1"), 0, name.length), bytes, 0, 9),
    timestampMs,
  );
  return { name, operation: noOperation, timestampMs, bytes, valueStart: 0, valueEnd: 9, crc };
}

function cellLength(cell: Cell): number {
  const valueLength = cell.valueEnd - cell.valueStart;
  return (
    8 +
    cell.name.length +
    (valueLength > 0 ? 5 + valueLength : 0) +
    (cell.operation === noOperation ? 0 : 2) +
    (cell.timestampMs === noTimestamp ? 0 : 9)
  );
}

function writeCell(out: Buffer, start: number, cell: Cell): number {
  let at = start;
  out[at++] = plainTag.cell;
  out[at++] = plainTag.cellName;
  at = out.writeUInt32LE(cell.name.length, at);
  at += out.write(cell.name, at, "latin1");
  const valueLength = cell.valueEnd - cell.valueStart;
  if (valueLength > 0) {
    out[at++] = plainTag.cellValue;
    at = out.writeUInt32LE(valueLength, at);
    at += cell.bytes.copy(out, at, cell.valueStart, cell.valueEnd);
  }
  if (cell.operation !== noOperation) {
    out[at++] = plainTag.cellOperation;
    out[at++] = cell.operation;
  }
  if (cell.timestampMs !== noTimestamp) {
    out[at++] = plainTag.cellTimestamp;
    writeTimestamp(out, at, cell.timestampMs);
    at += 8;
  }
  out[at++] = plainTag.cellChecksum;
  out[at++] = cell.crc;
  return at;
}

/** Bytes of a row of these cells without the PlainBuffer header. */
export function rowLength(key: KeySection, cells: readonly Cell[], deleteMarker: boolean): number {
  let length = key.bytes.length + 2 + (deleteMarker ? 1 : 0) + (cells.length > 0 ? 1 : 0);
  for (const cell of cells) length += cellLength(cell);
  return length;
}

/** Writes a row without the PlainBuffer header at `start`; gives where it ends. */
export function writeRow(
  out: Buffer,
  start: number,
  key: KeySection,
  cells: readonly Cell[],
  deleteMarker: boolean,
): number {
  let at = start + key.bytes.copy(out, start);
  let crc = key.crc;
  if (cells.length > 0) out[at++] = plainTag.attributes;
  for (const cell of cells) {
    at = writeCell(out, at, cell);
    crc = crc8Byte(crc, cell.crc);
  }
  if (deleteMarker) out[at++] = plainTag.deleteMarker;
  out[at++] = plainTag.rowChecksum;
  out[at++] = crc8Byte(crc, deleteMarker ? 1 : 0);
  return at;
}

/** `reserve` bytes left free, then a PlainBuffer of exactly one row. */
export function encodeRow(
  key: KeySection,
  cells: readonly Cell[],
  options: { readonly deleteMarker?: boolean; readonly reserve?: number } = {},
): Buffer {
  const deleteMarker = options.deleteMarker ?? false;
  const reserve = options.reserve ?? 0;
  const out = Buffer.allocUnsafe(reserve + headerLength + rowLength(key, cells, deleteMarker));
  out.writeUInt32LE(plainTag.header, reserve);
  writeRow(out, reserve + headerLength, key, cells, deleteMarker);
  return out;
}

/** The key section of a row image that carries no key: readers want its tag all the same. */
export const emptyKeySection: KeySection = { bytes: Buffer.of(plainTag.primaryKey), crc: 0 };

/** Order of cells in a row: by name, the newest version first. */
export function compareCells(a: Cell, b: Cell): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return b.timestampMs - a.timestampMs;
}
