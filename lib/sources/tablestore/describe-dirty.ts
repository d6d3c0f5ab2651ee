import { type DirtyValue, dirtyValueCharactersMax } from "@/lib/core/record";
import { columnTypeOf, type MappedColumn } from "@/lib/core/schema-mapping";
import { decodePlainRow, decodeVariant } from "@/lib/tablestore/decode-plain-buffer";
import { variantTag } from "@/lib/tablestore/plain-buffer-tags";
import type { PlainCell, PlainValue, SequenceInfo } from "@/lib/tablestore/plain-row";

/** A record whose checksum or structure is broken: nothing in it can be believed. */
export function describeCorruptRecord(): DirtyValue {
  return {
    column: null,
    reason: "record_corrupt",
    expected: null,
    actual: null,
    value: null,
    key: null,
    position: null,
  };
}

/**
 * A value that its column cannot take. `record` is a sound PlainBuffer row; the value's variant stands
 * at `variantAt`.
 */
export function describeDirtyValue(
  column: MappedColumn,
  record: Uint8Array,
  variantAt: number,
): DirtyValue {
  const value = decodeVariant(record.subarray(variantAt, variantEnd(record, variantAt)));
  const isMalformed = value.type === "malformed-string" && column.type === "UTF8";
  return {
    column: column.source,
    reason: isMalformed ? "invalid_utf8" : "type_mismatch",
    expected: columnTypeOf[column.type],
    actual: value.type === "malformed-string" ? "string" : value.type,
    value: renderValue(value).slice(0, dirtyValueCharactersMax),
    ...describePlace(record),
  };
}

/** The key and the place in its channel of a sound record. */
export function describePlace(record: Uint8Array): Pick<DirtyValue, "key" | "position"> {
  const { primaryKey, extension } = decodePlainRow(record);
  return { key: renderKey(primaryKey), position: extension && renderSequence(extension) };
}

function variantEnd(record: Uint8Array, at: number): number {
  switch (record[at]) {
    case variantTag.integer:
    case variantTag.double:
      return at + 9;
    case variantTag.boolean:
      return at + 2;
    default: {
      const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
      return at + 5 + view.getInt32(at + 1, true);
    }
  }
}

/** Texts as they are, bytes in base64, of both no more than can be shown. */
function renderValue(value: PlainValue): string {
  switch (value.type) {
    case "string":
      return value.value;
    case "malformed-string":
    case "binary":
      return Buffer.from(value.value.subarray(0, dirtyValueCharactersMax)).toString("base64");
    case "integer":
    case "double":
    case "boolean":
      return String(value.value);
    default:
      return value.type;
  }
}

/** Integers as text: as numbers they would lose digits. */
function renderKey(key: readonly PlainCell[]): string {
  const entries = key.map(({ name, value }) => [name, value === null ? null : renderValue(value)]);
  return JSON.stringify(Object.fromEntries(entries));
}

function renderSequence({ epoch, timestampUs, rowIndex }: SequenceInfo): string {
  const hex = (value: bigint, bits: number) =>
    BigInt.asUintN(bits, value)
      .toString(16)
      .padStart(bits / 4, "0");
  return [hex(BigInt(epoch), 32), hex(timestampUs, 64), hex(BigInt(rowIndex), 32)].join(":");
}
