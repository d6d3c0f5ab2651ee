import type { TableDetails, TableDraft, TunnelSummary } from "@/lib/core/ports/table-editor";
import type { TunnelStage } from "@/lib/core/ports/table-source";
import type { ColumnType } from "@/lib/core/record";
import type { SyncMode } from "@/lib/core/task";
import type { Message } from "@/lib/tablestore/messages";
import type { RequestOf } from "@/lib/tablestore/operations";
import type { EnumValue } from "@/lib/tablestore/schema/enums";
import { toTableDescription } from "./source-table";

export const tunnelTypes: Readonly<Record<SyncMode, EnumValue<"TunnelType">>> = {
  full: "BaseData",
  incremental: "Stream",
  differential: "BaseAndStream",
};
const stages: ReadonlyMap<string, TunnelStage> = new Map([
  ["ProcessBaseData", "base"],
  ["ProcessStream", "stream"],
]);
const wireKeyTypes: Readonly<Partial<Record<ColumnType, EnumValue<"PrimaryKeyType">>>> = {
  integer: "INTEGER",
  binary: "BINARY",
};
const wireDefinedTypes: Readonly<Record<ColumnType, EnumValue<"DefinedColumnType">>> = {
  integer: "DCT_INTEGER",
  double: "DCT_DOUBLE",
  boolean: "DCT_BOOLEAN",
  string: "DCT_STRING",
  binary: "DCT_BLOB",
};

export function toTableDetails(response: Message<"DescribeTableResponse">): TableDetails {
  const { tableMeta, tableOptions, creationTime } = response;
  const numbered = new Set(
    tableMeta.primaryKey
      .filter(({ option }) => option === "AUTO_INCREMENT")
      .map(({ name }) => name),
  );
  const description = toTableDescription(response);
  return {
    ...description,
    primaryKey: description.primaryKey.map((column) => ({
      ...column,
      autoIncrement: numbered.has(column.name),
    })),
    timeToLiveSeconds: tableOptions.timeToLive ?? -1,
    versionsMax: tableOptions.maxVersions ?? 1,
    // Microseconds.
    createdAtMs: creationTime ? Number(creationTime / 1000n) : null,
  };
}

export function toCreateTable(draft: TableDraft): RequestOf<"CreateTable"> {
  const { streamExpirationHours: hours } = draft;
  return {
    tableMeta: {
      tableName: draft.name,
      primaryKey: draft.primaryKey.map(({ name, type, autoIncrement }) => ({
        name,
        type: wireKeyTypes[type] ?? "STRING",
        ...(autoIncrement ? { option: "AUTO_INCREMENT" as const } : {}),
      })),
      definedColumn: draft.definedColumns.map(({ name, type }) => ({
        name,
        type: wireDefinedTypes[type],
      })),
    },
    reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
    tableOptions: { timeToLive: draft.timeToLiveSeconds, maxVersions: draft.versionsMax },
    ...(hours === null ? {} : { streamSpec: { enableStream: true, expirationTime: hours } }),
  };
}

export function toTunnelSummary(info: Message<"TunnelInfo">): TunnelSummary {
  const mode = (Object.keys(tunnelTypes) as SyncMode[]).find(
    (name) => tunnelTypes[name] === info.tunnelType,
  );
  return {
    tunnelId: info.tunnelId,
    name: info.tunnelName ?? info.tunnelId,
    table: info.tableName,
    mode: mode ?? "differential",
    stage: stages.get(info.stage) ?? "initialising",
    expired: info.expired ?? false,
    // Nanoseconds.
    createdAtMs: info.createTime ? Number(info.createTime / 1_000_000n) : null,
  };
}
