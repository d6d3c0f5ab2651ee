import { decodeMessage, encodeMessage } from "@/lib/tablestore/messages";
import type { OperationHandler } from "../http-server";
import { parameterInvalid } from "../refusal";
import type { Commit } from "../store/commit";
import type { Store } from "../store/store";
import type { Table } from "../store/table";
import {
  readOptions,
  readReserved,
  readStreamSettings,
  readTableDraft,
  writeOptions,
  writeReserved,
  writeStreamDetails,
  writeTableMeta,
} from "./wire-table";

const nothing = new Uint8Array(0);

/** What else goes with a table when it is deleted, in the same commit. */
export type TableDependents = { readonly dropTunnels: (commit: Commit, table: Table) => void };

export function tableOperations(
  store: Store,
  dependents: TableDependents,
): Record<string, OperationHandler> {
  return {
    "/CreateTable": (body) => createTable(store, body),
    "/ListTable": (body) => listTable(store, body),
    "/DescribeTable": (body) => describeTable(store, body),
    "/UpdateTable": (body) => updateTable(store, body),
    "/DeleteTable": (body) => deleteTable(store, dependents, body),
  };
}

async function createTable({ loop, catalogue, clock }: Store, body: Buffer): Promise<Uint8Array> {
  const request = decodeMessage("CreateTableRequest", body);
  const { draft, stream } = readTableDraft(request, clock.nowMs());
  await loop.change((commit) => catalogue.create(commit, draft, stream));
  return nothing;
}

// Reads of the catalogue are commit jobs too: what they answer is on disk by then.

function listTable({ loop, catalogue }: Store, body: Buffer): Promise<Uint8Array> {
  decodeMessage("ListTableRequest", body);
  return loop.change(() =>
    encodeMessage("ListTableResponse", {
      tableNames: catalogue.all().map((table) => table.document.name),
    }),
  );
}

function describeTable({ loop, catalogue }: Store, body: Buffer): Promise<Uint8Array> {
  const { tableName } = decodeMessage("DescribeTableRequest", body);
  return loop.change(() => {
    const table = catalogue.require(tableName);
    return encodeMessage("DescribeTableResponse", {
      tableMeta: writeTableMeta(table),
      reservedThroughputDetails: writeReserved(table),
      tableOptions: writeOptions(table.document.options),
      tableStatus: "ACTIVE",
      streamDetails: writeStreamDetails(table),
      sseDetails: { enable: false },
      creationTime: BigInt(table.document.createdAtMs) * 1000n,
    });
  });
}

async function updateTable(store: Store, body: Buffer): Promise<Uint8Array> {
  const { loop, catalogue, garbage } = store;
  const request = decodeMessage("UpdateTableRequest", body);
  const { reservedThroughput, tableOptions, streamSpec } = request;
  if (reservedThroughput === undefined && tableOptions === undefined && streamSpec === undefined) {
    throw parameterInvalid("The request changes nothing.");
  }
  const response = await loop.change((commit) => {
    const table = catalogue.require(request.tableName);
    const { document } = table;
    const stream =
      streamSpec === undefined ? undefined : readStreamSettings(streamSpec, document.stream);
    const capacity = reservedThroughput?.capacityUnit;
    const options = readOptions(tableOptions, document.options);
    const reserved =
      capacity === undefined
        ? document.reserved
        : readReserved(capacity, document.reserved, commit.nowMs);
    catalogue.update(commit, table, { options, reserved });
    if (stream === null && document.stream !== null) catalogue.disableStream(commit, table);
    else if (stream) catalogue.enableStream(commit, table, stream);
    return encodeMessage("UpdateTableResponse", {
      reservedThroughputDetails: writeReserved(table),
      tableOptions: writeOptions(table.document.options),
      streamDetails: writeStreamDetails(table),
    });
  });
  garbage.sweep();
  return response;
}

async function deleteTable(
  { loop, catalogue, garbage }: Store,
  dependents: TableDependents,
  body: Buffer,
): Promise<Uint8Array> {
  const { tableName } = decodeMessage("DeleteTableRequest", body);
  await loop.change((commit) => {
    const table = catalogue.require(tableName);
    dependents.dropTunnels(commit, table);
    catalogue.drop(commit, table);
  });
  garbage.sweep();
  return nothing;
}
