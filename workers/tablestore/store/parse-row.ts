import { isUtf8 } from "node:buffer";
import { crc8Byte, crc8Range } from "@/lib/tablestore/crc8";
import { operationTag, plainTag, variantTag } from "@/lib/tablestore/plain-buffer-tags";
import { beyond, checkLimit, checkNameBytes, limits } from "../limits";
import { parameterInvalid, Refusal } from "../refusal";
import {
  type Cell,
  crcOfTimestamp,
  type KeySection,
  noOperation,
  noTimestamp,
  readSafeInt64,
} from "./cell";
import { RowKeyWriter } from "./key-encoding";
import { type KeyColumn, type KeySchema, keyType } from "./key-schema";
import { PlainCursor } from "./plain-cursor";
import { type RowKey, rowKeyOf } from "./row-key";

/**
 * Reads the PlainBuffer rows of requests: checks structure, checksums, the table's key schema and
 * the documented bounds, and gives the row's parts as views into the request. Every fault is a
 * Refusal; nothing in the bytes is trusted.
 */
export type ParsedRow = {
  readonly rowKey: RowKey;
  readonly partitionHash: number;
  readonly key: KeySection;
  readonly cells: readonly Cell[];
};

export type RowForm =
  /** A whole row: values only. */
  | "put"
  /** Changed cells: values, deletes, increments. */
  | "update"
  /** A key with the delete marker. */
  | "delete"
  /** A key alone. */
  | "key";

export type RowDefaults = {
  /** Version of cells that bring none, epoch ms. */
  readonly nowMs: number;
  /** Gives the value of a key column that the server numbers. */
  readonly nextAutoIncrement: () => bigint;
};

const writer = new RowKeyWriter();

/** One row of a request. */
export function parseRow(
  bytes: Buffer,
  schema: KeySchema,
  form: RowForm,
  defaults: RowDefaults,
): ParsedRow {
  const cursor = new PlainCursor(bytes);
  cursor.openRows();
  const key = readKey(cursor, schema, form === "put" || form === "update" ? defaults : null, false);
  const rowKey = rowKeyOf(writer.finish());
  const partitionHash = writer.partitionHash();
  let crc = cursor.rowCrc;
  const cells: Cell[] = [];
  if (cursor.takeIf(plainTag.attributes)) {
    if (form === "key" || form === "delete") throw cursor.fault("Attributes where none belong");
    while (cursor.takeIf(plainTag.cell)) {
      const cell = readCell(cursor, schema, form, defaults.nowMs);
      crc = crc8Byte(crc, cursor.cellCrc);
      if (cells.push(cell) > limits.columnsPerWrite.max) throw beyond(limits.columnsPerWrite);
    }
  }
  const marker = cursor.takeIf(plainTag.deleteMarker);
  if (marker && form !== "delete") throw cursor.fault("A delete marker where none belongs");
  cursor.finishRow(crc8Byte(crc, marker ? 1 : 0));
  return { rowKey, partitionHash, key, cells };
}

/** One end of a range: a key whose columns may be INF_MIN or INF_MAX. Gives its place in the order. */
export function parseRangeBound(bytes: Buffer, schema: KeySchema): Buffer {
  const cursor = new PlainCursor(bytes);
  cursor.openRows();
  readKey(cursor, schema, null, true);
  cursor.finishRow(crc8Byte(cursor.rowCrc, 0));
  return writer.finish();
}

/** Reads the key section into the key writer and gives it as bytes, numbered where it asks for it. */
function readKey(
  cursor: PlainCursor,
  schema: KeySchema,
  numbering: RowDefaults | null,
  isBound: boolean,
): KeySection {
  writer.start(schema.tableId);
  const sectionStart = cursor.position;
  let numbered: { start: number; end: number; cell: Buffer } | null = null;
  let crc = 0;
  cursor.expect(plainTag.primaryKey, "primary key");
  for (const column of schema.columns) {
    const cellStart = cursor.position;
    if (!cursor.takeIf(plainTag.cell)) throw schemaMismatch();
    const assigned = readKeyCell(cursor, column, numbering, isBound);
    if (assigned !== null) {
      const cell = encodeKeyInteger(column, assigned);
      numbered = { start: cellStart, end: cursor.position, cell };
    }
    crc = crc8Byte(
      crc,
      assigned === null ? cursor.cellCrc : (numbered?.cell.at(-1) ?? cursor.cellCrc),
    );
    cursor.rowCrc = crc8Byte(cursor.rowCrc, cursor.cellCrc);
  }
  if (cursor.peek() === plainTag.cell) throw schemaMismatch();
  const { bytes } = cursor;
  if (numbered === null) return { bytes: bytes.subarray(sectionStart, cursor.position), crc };
  const parts = [
    bytes.subarray(sectionStart, numbered.start),
    numbered.cell,
    bytes.subarray(numbered.end, cursor.position),
  ];
  return { bytes: Buffer.concat(parts), crc };
}

/** Reads one key cell into the key writer; gives the number when the server assigned one. */
function readKeyCell(
  cursor: PlainCursor,
  column: KeyColumn,
  numbering: RowDefaults | null,
  isBound: boolean,
): bigint | null {
  const nameStart = cursor.takeName();
  const { bytes } = cursor;
  if (bytes.compare(column.nameBytes, 0, column.nameBytes.length, nameStart, cursor.position)) {
    throw schemaMismatch();
  }
  let crc = crc8Range(0, bytes, nameStart, cursor.position);
  cursor.expect(plainTag.cellValue, "value of a primary key column");
  const length = cursor.takeUint32();
  const start = cursor.take(length);
  const assigned = putKeyValue(cursor, column, start, numbering, isBound);
  crc = crc8Range(crc, bytes, start, cursor.position);
  cursor.finishCell(crc);
  return assigned;
}

function putKeyValue(
  cursor: PlainCursor,
  column: KeyColumn,
  start: number,
  numbering: RowDefaults | null,
  isBound: boolean,
): bigint | null {
  const { bytes, position: end } = cursor;
  switch (cursor.checkVariant(start)) {
    case variantTag.integer:
      if (column.type !== keyType.integer) throw schemaMismatch();
      writer.putInteger(bytes, start + 1);
      return null;
    case variantTag.string:
      if (column.type !== keyType.string) throw schemaMismatch();
      checkLimit(limits.keyValueBytes, end - start - 5);
      if (!isUtf8(bytes.subarray(start + 5, end))) {
        throw parameterInvalid(`The value of primary key column '${column.name}' is not UTF-8.`);
      }
      writer.putBytes(bytes, start + 5, end);
      return null;
    case variantTag.binary:
      if (column.type !== keyType.binary) throw schemaMismatch();
      checkLimit(limits.keyValueBytes, end - start - 5);
      writer.putBytes(bytes, start + 5, end);
      return null;
    case variantTag.infMin:
      if (!isBound) throw schemaMismatch();
      writer.putInfMin();
      return null;
    case variantTag.infMax:
      if (!isBound) throw schemaMismatch();
      writer.putInfMax();
      return null;
    case variantTag.autoIncrement: {
      if (numbering === null || !column.autoIncrement) throw schemaMismatch();
      const value = numbering.nextAutoIncrement();
      const number = Buffer.allocUnsafe(8);
      number.writeBigInt64LE(value);
      writer.putInteger(number, 0);
      return value;
    }
    default:
      throw schemaMismatch();
  }
}

function encodeKeyInteger(column: KeyColumn, value: bigint): Buffer {
  const nameLength = column.nameBytes.length;
  const cell = Buffer.allocUnsafe(6 + nameLength + 5 + 9 + 2);
  cell[0] = plainTag.cell;
  cell[1] = plainTag.cellName;
  cell.writeUInt32LE(nameLength, 2);
  column.nameBytes.copy(cell, 6);
  let at = 6 + nameLength;
  cell[at] = plainTag.cellValue;
  cell.writeUInt32LE(9, at + 1);
  cell[at + 5] = variantTag.integer;
  cell.writeBigInt64LE(value, at + 6);
  const crc = crc8Range(crc8Range(0, cell, 6, 6 + nameLength), cell, at + 5, at + 14);
  at += 14;
  cell[at] = plainTag.cellChecksum;
  cell[at + 1] = crc;
  return cell;
}

function readCell(cursor: PlainCursor, schema: KeySchema, form: RowForm, nowMs: number): Cell {
  const { bytes } = cursor;
  const nameStart = cursor.takeName();
  const nameEnd = cursor.position;
  const name = columnName(bytes, nameStart, nameEnd, schema);
  let crc = crc8Range(0, bytes, nameStart, nameEnd);
  let valueStart = 0;
  let valueEnd = 0;
  if (cursor.takeIf(plainTag.cellValue)) {
    valueStart = cursor.take(cursor.takeUint32());
    valueEnd = cursor.position;
    checkAttributeValue(cursor, valueStart);
    crc = crc8Range(crc, bytes, valueStart, valueEnd);
  }
  const operation = cursor.takeIf(plainTag.cellOperation) ? cursor.takeByte() : noOperation;
  let timestampMs = noTimestamp;
  if (cursor.takeIf(plainTag.cellTimestamp)) {
    const start = cursor.take(8);
    timestampMs = readSafeInt64(bytes, start);
    if (timestampMs < 0 || timestampMs > Number.MAX_SAFE_INTEGER) {
      throw parameterInvalid("The timestamp of a column is out of range.");
    }
    crc = crc8Range(crc, bytes, start, start + 8);
  }
  const isPlain = operation === noOperation;
  cursor.finishCell(isPlain ? crc : crc8Byte(crc, operation));
  checkOperation(cursor, form, operation, valueStart, timestampMs);
  if (isPlain && timestampMs === noTimestamp) {
    return {
      name,
      operation,
      timestampMs: nowMs,
      bytes,
      valueStart,
      valueEnd,
      crc: crcOfTimestamp(crc, nowMs),
    };
  }
  return { name, operation, timestampMs, bytes, valueStart, valueEnd, crc: cursor.cellCrc };
}

function columnName(bytes: Buffer, start: number, end: number, schema: KeySchema): string {
  checkNameBytes(bytes, start, end);
  const name = bytes.toString("latin1", start, end);
  if (schema.cellNames.has(name)) {
    throw parameterInvalid(`Attribute column '${name}' has the name of a primary key column.`);
  }
  return name;
}

function checkAttributeValue(cursor: PlainCursor, start: number): void {
  const tag = cursor.checkVariant(start);
  if (tag === variantTag.infMin || tag === variantTag.infMax || tag === variantTag.autoIncrement) {
    throw cursor.fault("A value of primary keys stands in an attribute");
  }
  if (cursor.position - start - 5 > limits.valueBytes.max) throw beyond(limits.valueBytes);
}

/** Which parts a cell must have for its operation, and which operations a row may hold. */
function checkOperation(
  cursor: PlainCursor,
  form: RowForm,
  operation: number,
  valueStart: number,
  timestampMs: number,
): void {
  const hasValue = valueStart > 0;
  if (operation === noOperation) {
    if (!hasValue) throw cursor.fault("A column has neither value nor operation");
    return;
  }
  if (form !== "update") throw cursor.fault("An operation on a column where none belongs");
  const hasTimestamp = timestampMs !== noTimestamp;
  if (operation === operationTag.deleteAllVersions) {
    if (hasValue || hasTimestamp) throw cursor.fault("Deleting all versions takes only a name");
  } else if (operation === operationTag.deleteOneVersion) {
    if (hasValue || !hasTimestamp) throw cursor.fault("Deleting one version takes its timestamp");
  } else if (operation === operationTag.increment) {
    if (hasTimestamp) throw cursor.fault("An increment takes no timestamp");
    if (!hasValue || cursor.bytes[valueStart] !== variantTag.integer) {
      throw parameterInvalid("An increment takes an integer.");
    }
  } else {
    throw cursor.fault("Unknown operation on a column");
  }
}

function schemaMismatch(): Refusal {
  return new Refusal("OTSInvalidPK", "Primary key schema mismatch.");
}
