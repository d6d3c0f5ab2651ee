import type { Message, MessageInit } from "@/lib/tablestore/messages";
import { checkLimit, checkName, limits } from "../limits";
import { parameterInvalid } from "../refusal";
import type { StreamSettings } from "../store/catalogue";
import type { Table, TableDocument, TableOptions } from "../store/table";

/** What the service tells of a table that set no bound of its own. */
const defaultDeviationSeconds = 86_400;
const defaultOptions: TableOptions = {
  timeToLiveSeconds: -1,
  maxVersions: 1,
  deviationSeconds: null,
  allowUpdate: true,
};
const streamExpirationHoursDefault = 24;

export type TableDraft = Omit<TableDocument, "id" | "createdAtMs" | "stream">;

/** Reads and checks the description of a new table. */
export function readTableDraft(
  request: Message<"CreateTableRequest">,
  nowMs: number,
): { draft: TableDraft; stream: StreamSettings | null } {
  const { tableMeta } = request;
  checkName(tableMeta.tableName);
  if (request.indexMetas.length > 0 || tableMeta.indexMeta.length > 0) {
    throw parameterInvalid("Indexes are not supported.");
  }
  const { capacityUnit } = request.reservedThroughput;
  return {
    draft: {
      name: tableMeta.tableName,
      primaryKey: readPrimaryKey(tableMeta.primaryKey),
      definedColumns: readDefinedColumns(tableMeta),
      options: readOptions(request.tableOptions, defaultOptions),
      reserved: readReserved(capacityUnit, { read: 0, write: 0, sinceMs: nowMs }, nowMs),
    },
    stream: request.streamSpec === undefined ? null : readStreamSettings(request.streamSpec, null),
  };
}

function readPrimaryKey(
  columns: readonly Message<"PrimaryKeySchema">[],
): TableDocument["primaryKey"] {
  checkLimit(limits.primaryKeyColumns, columns.length);
  return columns.map(({ name, type, option }, index) => {
    checkName(name);
    if (columns.findIndex((other) => other.name === name) !== index) {
      throw parameterInvalid(`Duplicated primary key name: '${name}'.`);
    }
    const autoIncrement = option === "AUTO_INCREMENT";
    if (autoIncrement && (index === 0 || type !== "INTEGER")) {
      throw parameterInvalid(
        "AUTO_INCREMENT takes an INTEGER column that is not the partition key.",
      );
    }
    if (autoIncrement && columns.slice(0, index).some((other) => other.option !== undefined)) {
      throw parameterInvalid("Only one primary key column can be AUTO_INCREMENT.");
    }
    return { name, type, autoIncrement };
  });
}

function readDefinedColumns(meta: Message<"TableMeta">): TableDocument["definedColumns"] {
  checkLimit(limits.definedColumns, meta.definedColumn.length);
  const names = new Set(meta.primaryKey.map(({ name }) => name));
  return meta.definedColumn.map(({ name, type }) => {
    checkName(name);
    if (names.has(name)) throw parameterInvalid(`Duplicated column name: '${name}'.`);
    names.add(name);
    return { name, type };
  });
}

/** The throughput with what the request names replaced. */
export function readReserved(
  capacity: Message<"CapacityUnit">,
  before: TableDocument["reserved"],
  nowMs: number,
): TableDocument["reserved"] {
  const { read = before.read, write = before.write } = capacity;
  checkLimit(limits.reservedUnits, read);
  checkLimit(limits.reservedUnits, write);
  return { read, write, sinceMs: nowMs };
}

/** The table's options with those that the request names replaced. */
export function readOptions(
  options: Message<"TableOptions"> | undefined,
  before: TableOptions,
): TableOptions {
  if (options === undefined) return before;
  const { timeToLive, maxVersions, deviationCellVersionInSec, allowUpdate } = options;
  if (timeToLive !== undefined && timeToLive !== -1) {
    checkLimit(limits.timeToLiveSeconds, timeToLive);
  }
  if (maxVersions !== undefined) checkLimit(limits.maxVersions, maxVersions);
  if (deviationCellVersionInSec !== undefined && deviationCellVersionInSec < 1n) {
    throw parameterInvalid("Invalid DeviationCellVersionInSec: it must be positive.");
  }
  return {
    timeToLiveSeconds: timeToLive ?? before.timeToLiveSeconds,
    maxVersions: maxVersions ?? before.maxVersions,
    deviationSeconds:
      deviationCellVersionInSec === undefined
        ? before.deviationSeconds
        : Number(deviationCellVersionInSec),
    allowUpdate: allowUpdate ?? before.allowUpdate,
  };
}

/** Null when the stream is to be off. What the request leaves out stays as it was. */
export function readStreamSettings(
  spec: Message<"StreamSpecification">,
  before: StreamSettings | null,
): StreamSettings | null {
  if (!spec.enableStream) return null;
  const expirationHours =
    spec.expirationTime ?? before?.expirationHours ?? streamExpirationHoursDefault;
  checkLimit(limits.streamExpirationHours, expirationHours);
  spec.columnsToGet.forEach(checkName);
  const columnsToGet =
    spec.columnsToGet.length > 0 ? spec.columnsToGet : (before?.columnsToGet ?? []);
  return { expirationHours, columnsToGet };
}

/** Clients read optional fields without looking whether they are there, so none is left out. */
export function writeOptions(options: TableOptions): MessageInit<"TableOptions"> {
  return {
    timeToLive: options.timeToLiveSeconds,
    maxVersions: options.maxVersions,
    deviationCellVersionInSec: BigInt(options.deviationSeconds ?? defaultDeviationSeconds),
    allowUpdate: options.allowUpdate,
  };
}

export function writeStreamDetails({ document }: Table): MessageInit<"StreamDetails"> {
  const { stream } = document;
  if (stream === null) return { enableStream: false };
  return {
    enableStream: true,
    streamId: stream.id,
    expirationTime: stream.expirationHours,
    lastEnableTime: BigInt(stream.enabledAtMs) * 1000n,
    columnsToGet: stream.columnsToGet,
  };
}

export function writeReserved({ document }: Table): MessageInit<"ReservedThroughputDetails"> {
  const { read, write, sinceMs } = document.reserved;
  return {
    capacityUnit: { read, write },
    lastIncreaseTime: BigInt(Math.floor(sinceMs / 1000)),
    lastDecreaseTime: 0n,
  };
}

export function writeTableMeta({ document }: Table): MessageInit<"TableMeta"> {
  return {
    tableName: document.name,
    primaryKey: document.primaryKey.map(({ name, type, autoIncrement }) => ({
      name,
      type,
      option: autoIncrement ? "AUTO_INCREMENT" : undefined,
    })),
    definedColumn: document.definedColumns,
  };
}
