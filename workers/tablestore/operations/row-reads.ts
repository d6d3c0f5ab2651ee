import {
  decodeMessage,
  encodeMessage,
  type Message,
  type MessageInit,
} from "@/lib/tablestore/messages";
import type { OperationHandler } from "../http-server";
import { checkLimit, limits, rangePage } from "../limits";
import { parameterInvalid, Refusal } from "../refusal";
import { parseRangeBound, parseRow } from "../store/parse-row";
import { readRange, renderRow } from "../store/row-read";
import type { Store } from "../store/store";
import { refuseTransaction } from "./row-writes";
import { asBuffer, consumedByRead, readProjection } from "./wire-row";

export function rowReadOperations(store: Store): Record<string, OperationHandler> {
  return {
    "/GetRow": (body) => getRow(store, body),
    "/GetRange": (body) => getRange(store, body),
    "/BatchGetRow": (body) => batchGetRow(store, body),
  };
}

async function getRow(store: Store, body: Buffer): Promise<Uint8Array> {
  const request = decodeMessage("GetRowRequest", body);
  refuseTransaction(request.transactionId);
  const table = store.catalogue.require(request.tableName);
  const projection = readProjection(request);
  const { rowKey } = parseRow(asBuffer(request.primaryKey), table.schema, "key", noDefaults);
  const stored = await store.db.get(rowKey.bytes);
  const row = renderRow(table, stored, projection, store.clock.nowMs());
  return encodeMessage("GetRowResponse", { consumed: consumedByRead(stored?.length ?? 0), row });
}

/** A key that is read needs no version and no number. */
const noDefaults = {
  nowMs: 0,
  nextAutoIncrement: () => {
    throw parameterInvalid("A row is read by its whole key.");
  },
};

async function getRange(store: Store, body: Buffer): Promise<Uint8Array> {
  const request = decodeMessage("GetRangeRequest", body);
  refuseTransaction(request.transactionId);
  const table = store.catalogue.require(request.tableName);
  const projection = readProjection(request);
  const start = parseRangeBound(asBuffer(request.inclusiveStartPrimaryKey), table.schema);
  const end = parseRangeBound(asBuffer(request.exclusiveEndPrimaryKey), table.schema);
  const backward = request.direction === "BACKWARD";
  const order = start.compare(end);
  if (backward ? order < 0 : order > 0) {
    throw parameterInvalid(
      backward
        ? "Begin key must more than end key in BACKWARD."
        : "Begin key must less than end key in FORWARD.",
    );
  }
  const limit = request.limit ?? 0;
  if (limit < 0) throw parameterInvalid("Invalid limit: it must not be negative.");
  const rowsMax = limit === 0 ? rangePage.rowsMax : Math.min(limit, rangePage.rowsMax);
  const page = await readRange(
    store.db,
    table,
    { start, end, backward, projection, rowsMax },
    store.clock.nowMs(),
  );
  return encodeMessage("GetRangeResponse", {
    consumed: consumedByRead(page.bytesRead),
    rows: page.rows,
    nextStartPrimaryKey: page.nextStart ?? undefined,
  });
}

async function batchGetRow(store: Store, body: Buffer): Promise<Uint8Array> {
  const { tables } = decodeMessage("BatchGetRowRequest", body);
  const rowCount = tables.reduce((count, table) => count + table.primaryKey.length, 0);
  checkLimit(limits.batchGetRows, rowCount);
  return encodeMessage("BatchGetRowResponse", {
    tables: await Promise.all(
      tables.map(async (table) => ({
        tableName: table.tableName,
        rows: await getRowsOfTable(store, table),
      })),
    ),
  });
}

type BatchAnswer = MessageInit<"RowInBatchGetRowResponse">;

/** Rows of one table. What is wrong with one row, or with the table, is said row by row. */
async function getRowsOfTable(
  store: Store,
  request: Message<"TableInBatchGetRowRequest">,
): Promise<BatchAnswer[]> {
  const table = store.catalogue.find(request.tableName);
  if (table === undefined) {
    const missing = new Refusal("OTSObjectNotExist", "Requested table does not exist.");
    return request.primaryKey.map(() => refused(missing));
  }
  const projection = readProjection(request);
  const keys = request.primaryKey.map((primaryKey) => {
    try {
      return parseRow(asBuffer(primaryKey), table.schema, "key", noDefaults).rowKey.bytes;
    } catch (error) {
      if (error instanceof Refusal) return error;
      throw error;
    }
  });
  const values = await store.db.getMany(keys.filter((key): key is Buffer => Buffer.isBuffer(key)));
  const nowMs = store.clock.nowMs();
  let next = 0;
  return keys.map((key): BatchAnswer => {
    if (key instanceof Refusal) return refused(key);
    const stored = values[next++];
    return {
      isOk: true,
      consumed: consumedByRead(stored?.length ?? 0),
      row: renderRow(table, stored, projection, nowMs),
    };
  });
}

function refused({ code, message }: Refusal): BatchAnswer {
  return { isOk: false, error: { code, message } };
}
