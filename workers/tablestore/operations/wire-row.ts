import type { Message, MessageInit } from "@/lib/tablestore/messages";
import { checkLimit, limits } from "../limits";
import { parameterInvalid } from "../refusal";
import { noTimestamp } from "../store/cell";
import { compileCondition, compileRowFilter } from "../store/filter";
import { type ParsedRow, parseRow, type RowDefaults } from "../store/parse-row";
import type { Projection } from "../store/projection";
import { keepNewestVersions, type RowChange, type RowConditions } from "../store/row-change";
import { encodeStoredRow } from "../store/stored-row";
import type { Table } from "../store/table";

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Names as cells hold them: UTF-8 bytes as characters. */
export function cellName(name: string): string {
  return Buffer.from(name, "utf8").toString("latin1");
}

export type RowWrite = {
  readonly type: "PUT" | "UPDATE" | "DELETE";
  readonly row: Uint8Array;
  readonly condition: Message<"Condition">;
  readonly returnContent: Message<"ReturnContent"> | undefined;
};

/** Parses one written row; everything that does not depend on the row as it is now is checked here. */
export function readRowChange(table: Table, write: RowWrite, defaults: RowDefaults): RowChange {
  const bytes = asBuffer(write.row);
  checkLimit(limits.rowWriteBytes, bytes.length);
  const conditions = readConditions(write.condition);
  const { returnContent } = write;
  const returnColumns =
    returnContent?.returnType === "RT_AFTER_MODIFY"
      ? new Set(returnContent.returnColumnNames.map(cellName))
      : null;
  switch (write.type) {
    case "PUT": {
      const parsed = parseRow(bytes, table.schema, "put", defaults);
      checkDeviation(table, parsed, defaults.nowMs);
      const cells = keepNewestVersions(parsed.cells, table.document.options.maxVersions);
      const row = { ...parsed, cells };
      const stored = encodeStoredRow(row.key, cells);
      return { kind: "put", table, row, conditions, returnColumns, stored };
    }
    case "UPDATE": {
      const row = parseRow(bytes, table.schema, "update", defaults);
      if (row.cells.length === 0) throw parameterInvalid("No attribute column to update.");
      if (!table.document.options.allowUpdate) {
        throw parameterInvalid("The table's options do not allow updates.");
      }
      checkDeviation(table, row, defaults.nowMs);
      return { kind: "update", table, row, conditions, returnColumns };
    }
    case "DELETE": {
      const row = parseRow(bytes, table.schema, "delete", defaults);
      return { kind: "delete", table, row, conditions, returnColumns };
    }
  }
}

function readConditions(condition: Message<"Condition">): RowConditions {
  const { rowExistence, columnCondition } = condition;
  return {
    existence: rowExistence,
    filter:
      columnCondition === undefined || columnCondition.length === 0
        ? null
        : compileCondition(columnCondition),
  };
}

/** Cells' own timestamps must be near now where the table asks for it. */
function checkDeviation(table: Table, row: ParsedRow, nowMs: number): void {
  const { deviationSeconds } = table.document.options;
  if (deviationSeconds === null) return;
  for (const { timestampMs } of row.cells) {
    if (timestampMs === noTimestamp) continue;
    if (Math.abs(timestampMs - nowMs) > deviationSeconds * 1000) {
      throw parameterInvalid(
        `The timestamp of a column is more than ${deviationSeconds} seconds from the server's time.`,
      );
    }
  }
}

/** The parts of a read that GetRow, BatchGetRow and GetRange share. */
export type ReadShape = {
  readonly columnsToGet: readonly string[];
  readonly timeRange?: Message<"TimeRange">;
  readonly maxVersions?: number;
  readonly filter?: Uint8Array;
  readonly startColumn?: string;
  readonly endColumn?: string;
};

export function readProjection(shape: ReadShape): Projection {
  const { columnsToGet, timeRange, maxVersions, filter, startColumn, endColumn } = shape;
  if (maxVersions !== undefined && maxVersions < 1) {
    throw parameterInvalid("Invalid max_versions: it must be positive.");
  }
  const specific = timeRange?.specificTime;
  return {
    columns: columnsToGet.length === 0 ? null : new Set(columnsToGet.map(cellName)),
    versionsMax: maxVersions ?? (timeRange === undefined ? 1 : Number.POSITIVE_INFINITY),
    fromMs: Number(specific ?? timeRange?.startTime ?? 0n),
    toMs: endOfTimeRange(timeRange),
    startColumn: startColumn === undefined ? null : cellName(startColumn),
    endColumn: endColumn === undefined ? null : cellName(endColumn),
    filter: filter === undefined || filter.length === 0 ? null : compileRowFilter(filter),
  };
}

function endOfTimeRange(range: Message<"TimeRange"> | undefined): number {
  if (range?.specificTime !== undefined) return Number(range.specificTime) + 1;
  return range?.endTime === undefined ? Number.POSITIVE_INFINITY : Number(range.endTime);
}

const bytesPerCapacityUnit = 4096;

function capacityUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / bytesPerCapacityUnit));
}

export function consumedByRead(bytes: number): MessageInit<"ConsumedCapacity"> {
  return { capacityUnit: { read: capacityUnits(bytes), write: 0 } };
}

/** A write that had to look at the row first also counts as a read. */
export function consumedByWrite(
  readBytes: number,
  writtenBytes: number,
): MessageInit<"ConsumedCapacity"> {
  return {
    capacityUnit: {
      read: readBytes === 0 ? 0 : capacityUnits(readBytes),
      write: capacityUnits(writtenBytes),
    },
  };
}
