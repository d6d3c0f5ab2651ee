import {
  decodeMessage,
  encodeMessage,
  type Message,
  type MessageInit,
} from "@/lib/tablestore/messages";
import type { OperationHandler } from "../http-server";
import { checkLimit, limits } from "../limits";
import { parameterInvalid, Refusal } from "../refusal";
import { encodeRow } from "../store/cell";
import type { Commit } from "../store/commit";
import { applyRowChange, needsCurrentRow, type RowChange } from "../store/row-change";
import type { RowKey } from "../store/row-key";
import type { Store } from "../store/store";
import { consumedByWrite, type RowWrite, readRowChange } from "./wire-row";

export function rowWriteOperations(store: Store): Record<string, OperationHandler> {
  return {
    "/PutRow": (body) => {
      const { tableName, row, ...rest } = decodeMessage("PutRowRequest", body);
      return writeRow(store, tableName, { type: "PUT", row, ...shapeOf(rest) }, "PutRowResponse");
    },
    "/UpdateRow": (body) => {
      const { tableName, rowChange: row, ...rest } = decodeMessage("UpdateRowRequest", body);
      const write = { type: "UPDATE", row, ...shapeOf(rest) } as const;
      return writeRow(store, tableName, write, "UpdateRowResponse");
    },
    "/DeleteRow": (body) => {
      const { tableName, primaryKey: row, ...rest } = decodeMessage("DeleteRowRequest", body);
      const write = { type: "DELETE", row, ...shapeOf(rest) } as const;
      return writeRow(store, tableName, write, "DeleteRowResponse");
    },
    "/BatchWriteRow": (body) => batchWriteRow(store, body),
  };
}

type SingleWriteTail = {
  readonly condition: Message<"Condition">;
  readonly returnContent?: Message<"ReturnContent">;
  readonly transactionId?: string;
};

function shapeOf(tail: SingleWriteTail): Pick<RowWrite, "condition" | "returnContent"> {
  refuseTransaction(tail.transactionId);
  return { condition: tail.condition, returnContent: tail.returnContent };
}

export function refuseTransaction(transactionId: string | undefined): void {
  if (transactionId !== undefined && transactionId !== "") {
    throw parameterInvalid("Local transactions are not supported.");
  }
}

type WrittenRow = Pick<MessageInit<"PutRowResponse">, "consumed" | "row">;

async function writeRow(
  store: Store,
  tableName: string,
  write: RowWrite,
  responseName: "PutRowResponse" | "UpdateRowResponse" | "DeleteRowResponse",
): Promise<Uint8Array> {
  const change = readRowChange(store.catalogue.require(tableName), write, rowDefaults(store));
  const written = await store.loop.submit({
    byteLength: write.row.length,
    reads: () => (needsCurrentRow(change) ? [change.row.rowKey] : []),
    run: (commit) => applyChange(store, commit, change, write),
  });
  return encodeMessage(responseName, written);
}

function rowDefaults({ clock }: Store): { nowMs: number; nextAutoIncrement: () => bigint } {
  return { nowMs: clock.nowMs(), nextAutoIncrement: clock.nextAutoIncrement };
}

function applyChange(
  { catalogue }: Store,
  commit: Commit,
  change: RowChange,
  write: RowWrite,
): WrittenRow {
  // The table may have been deleted while the job was waiting.
  if (catalogue.find(change.table.document.name) !== change.table) {
    throw new Refusal("OTSObjectNotExist", "Requested table does not exist.");
  }
  const { returned, readBytes } = applyRowChange(commit, change);
  const consumed = consumedByWrite(readBytes, write.row.length);
  const returnType = write.returnContent?.returnType;
  if (returnType === "RT_PK") return { consumed, row: encodeRow(change.row.key, []) };
  if (returnType === "RT_AFTER_MODIFY" && returned.length > 0) {
    return { consumed, row: encodeRow(change.row.key, returned) };
  }
  return { consumed };
}

/** One row of a batch: a change, or why it cannot be one. */
type BatchRow = { readonly write: RowWrite; readonly change: RowChange | Refusal };

async function batchWriteRow(store: Store, body: Buffer): Promise<Uint8Array> {
  const request = decodeMessage("BatchWriteRowRequest", body);
  refuseTransaction(request.transactionId);
  checkLimit(limits.batchWriteBytes, body.length);
  const rowCount = request.tables.reduce((count, table) => count + table.rows.length, 0);
  checkLimit(limits.batchWriteRows, rowCount);
  const tables = request.tables.map((table) => readBatchTable(store, table));
  const isAtomic = request.isAtomic ?? false;
  if (isAtomic) checkAtomic(tables);
  const answers = await store.loop.submit({
    byteLength: body.length,
    reads: () => tables.flatMap(rowsToRead),
    run: (commit) =>
      tables.map((rows) => rows.map((row) => applyBatchRow(store, commit, row, isAtomic))),
  });
  return encodeMessage("BatchWriteRowResponse", {
    tables: request.tables.map(({ tableName }, index) => ({ tableName, rows: answers[index] })),
  });
}

function readBatchTable(store: Store, batch: Message<"TableInBatchWriteRowRequest">): BatchRow[] {
  const table = store.catalogue.find(batch.tableName);
  return batch.rows.map(({ type, rowChange, condition, returnContent }) => {
    const write: RowWrite = { type, row: rowChange, condition, returnContent };
    if (table === undefined) {
      const missing = new Refusal("OTSObjectNotExist", "Requested table does not exist.");
      return { write, change: missing };
    }
    return { write, change: refusalOr(() => readRowChange(table, write, rowDefaults(store))) };
  });
}

function refusalOr<T>(attempt: () => T): T | Refusal {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

/** All rows or none takes one table and one partition key, as the service documents. */
function checkAtomic(tables: readonly (readonly BatchRow[])[]): void {
  const hashes = new Set<number>();
  for (const { change } of tables.flat()) {
    if (change instanceof Refusal) throw change;
    hashes.add(change.row.partitionHash);
  }
  if (tables.length !== 1 || hashes.size !== 1) {
    throw parameterInvalid("An atomic BatchWriteRow takes rows of one table and partition key.");
  }
}

function rowsToRead(rows: readonly BatchRow[]): RowKey[] {
  const keys: RowKey[] = [];
  for (const { change } of rows) {
    if (!(change instanceof Refusal) && needsCurrentRow(change)) keys.push(change.row.rowKey);
  }
  return keys;
}

function applyBatchRow(
  store: Store,
  commit: Commit,
  { write, change }: BatchRow,
  isAtomic: boolean,
): MessageInit<"RowInBatchWriteRowResponse"> {
  const start = commit.savepoint();
  const outcome =
    change instanceof Refusal ? change : refusalOr(() => applyChange(store, commit, change, write));
  if (!(outcome instanceof Refusal)) return { isOk: true, ...outcome };
  // The loop takes back the whole job.
  if (isAtomic) throw outcome;
  commit.rollback(start);
  return { isOk: false, error: { code: outcome.code, message: outcome.message } };
}
