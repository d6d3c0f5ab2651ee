import { AppError } from "@/lib/core/error";
import { InvalidInputError } from "@/lib/core/invalid-input";
import type {
  NewRow,
  RowChange,
  RowPage,
  TableChanges,
  TableDetails,
  TableDraft,
  TableEditor,
  TableRow,
  TunnelSummary,
} from "@/lib/core/ports/table-editor";
import type { SampleCell } from "@/lib/core/record";
import type { SyncMode } from "@/lib/core/task";
import { systemClock } from "@/lib/platform/clock";
import { TablestoreClient } from "@/lib/tablestore/client";
import { decodePlainRow, decodePlainRows } from "@/lib/tablestore/decode-plain-buffer";
import { TablestoreError } from "@/lib/tablestore/error-body";
import type { OperationName, RequestOf, ResponseOf } from "@/lib/tablestore/operations";
import { PlainBufferError } from "@/lib/tablestore/plain-row";
import { classifySourceError } from "./classify-source-error";
import { encodeKeyBound, rangeOfFilter } from "./key-range";
import { encodeCells, plainCell, toPlainCells } from "./plain-cells";
import { toTableRow } from "./source-table";
import { toCreateTable, toTableDetails, toTunnelSummary, tunnelTypes } from "./table-details";
import type { TablestoreSourceConfig, TablestoreSourceRuntime } from "./tablestore-source";

/** A person waits. A write is never sent twice: the client knows which operations bear that. */
const timeoutMs = 15_000;
const retryTotalMs = 2_000;
const reasonCharactersMax = 400;

/** An instance of Tablestore, real or embedded, for people to look into and to change by hand. */
export function createTablestoreEditor(
  config: TablestoreSourceConfig,
  runtime: TablestoreSourceRuntime = { clock: systemClock, random: Math.random },
): TableEditor {
  const { endpoint, instance, accessKeyId, accessKeySecret } = config;
  const access = { endpoint, instance, accessKeyId, accessKeySecret };
  return new TablestoreEditor(
    new TablestoreClient({ ...access, ...runtime, timeoutMs, retryTotalMs }),
  );
}

class TablestoreEditor implements TableEditor {
  readonly #client: TablestoreClient;

  constructor(client: TablestoreClient) {
    this.#client = client;
  }

  async describeTable(table: string): Promise<TableDetails> {
    return toTableDetails(await this.#call("DescribeTable", { tableName: table }, { table }));
  }

  async createTable(draft: TableDraft): Promise<void> {
    const context = { table: draft.name };
    await this.#call("CreateTable", toCreateTable(draft), context, {
      OTSObjectAlreadyExist: () => conflict(`There is already a table ${draft.name}.`),
    });
  }

  async updateTable(table: string, changes: TableChanges): Promise<void> {
    const { streamExpirationHours: hours, timeToLiveSeconds: timeToLive } = changes;
    const streamSpec =
      hours === null ? { enableStream: false } : { enableStream: true, expirationTime: hours };
    await this.#call(
      "UpdateTable",
      {
        tableName: table,
        ...(hours === undefined ? {} : { streamSpec }),
        ...(timeToLive === undefined ? {} : { tableOptions: { timeToLive } }),
      },
      { table },
    );
  }

  async deleteTable(table: string): Promise<void> {
    await this.#call("DeleteTable", { tableName: table }, { table });
  }

  async readRows(request: Parameters<TableEditor["readRows"]>[0]): Promise<RowPage> {
    const { table, filter, after, limit } = request;
    const { primaryKey } = await this.describeTable(table);
    const first = primaryKey[0];
    if (first === undefined) return { rows: [], next: null };
    const range = rangeOfFilter(first, filter);
    const page = await this.#call(
      "GetRange",
      {
        tableName: table,
        direction: "FORWARD",
        maxVersions: 1,
        limit,
        inclusiveStartPrimaryKey:
          after === null ? encodeKeyBound(primaryKey, range.from) : readPosition(after),
        exclusiveEndPrimaryKey: encodeKeyBound(primaryKey, range.to),
      },
      { table },
    );
    const next = page.nextStartPrimaryKey;
    return {
      rows: this.#decodeRows(page.rows, table),
      next: next === undefined ? null : Buffer.from(next).toString("base64url"),
    };
  }

  async insertRow(table: string, { key, attributes }: NewRow): Promise<void> {
    // A row that the source numbers has no key yet, and the source takes no expectation about it.
    const isNumbered = key.some(({ type }) => type === "auto");
    await this.#call(
      "PutRow",
      {
        tableName: table,
        row: encodeCells(key, toPlainCells(attributes)),
        condition: { rowExistence: isNumbered ? "IGNORE" : "EXPECT_NOT_EXIST" },
      },
      { table },
      { OTSConditionCheckFail: () => conflict("There is already a row with this key.") },
    );
  }

  async updateRow(table: string, { key, set, remove }: RowChange): Promise<void> {
    const cells = [...toPlainCells(set), ...remove.map((name) => plainCell(name, null))];
    await this.#call(
      "UpdateRow",
      {
        tableName: table,
        rowChange: encodeCells(key, cells),
        condition: { rowExistence: "EXPECT_EXIST" },
      },
      { table },
      {
        OTSConditionCheckFail: () =>
          new AppError("resource.not_found", "The row is gone", { details: { id: "that key" } }),
      },
    );
  }

  async deleteRow(table: string, key: readonly SampleCell[]): Promise<void> {
    await this.#call(
      "DeleteRow",
      {
        tableName: table,
        primaryKey: encodeCells(key, [], true),
        condition: { rowExistence: "IGNORE" },
      },
      { table },
    );
  }

  async putRows(table: string, rows: readonly NewRow[]): Promise<(string | null)[]> {
    const changes = rows.map(({ key, attributes }) => ({
      type: "PUT" as const,
      rowChange: encodeCells(key, toPlainCells(attributes)),
      condition: { rowExistence: "IGNORE" as const },
    }));
    const request = { tables: [{ tableName: table, rows: changes }] };
    const { tables } = await this.#call("BatchWriteRow", request, { table });
    const answers = tables[0]?.rows ?? [];
    return rows.map((_, index) => {
      const answer = answers[index];
      if (answer?.isOk) return null;
      const { code, message } = answer?.error ?? { code: "no answer", message: "" };
      return `${code}: ${(message ?? "").slice(0, reasonCharactersMax)}`;
    });
  }

  async listTunnels(table: string): Promise<TunnelSummary[]> {
    const { tunnels } = await this.#call("ListTunnel", { tableName: table }, { table });
    return tunnels.map(toTunnelSummary);
  }

  async createTunnel(request: { table: string; name: string; mode: SyncMode }): Promise<void> {
    const { table, name, mode } = request;
    const start = mode === "full" ? {} : { streamTunnelConfig: { flag: "LATEST" } as const };
    const tunnel = {
      tableName: table,
      tunnelName: name,
      tunnelType: tunnelTypes[mode],
      ...start,
    };
    await this.#call("CreateTunnel", { tunnel }, { table, tunnel: name });
  }

  async splitChannel(table: string, channelId: string): Promise<void> {
    await this.#call("SplitChannel", { tableName: table, channelId }, { table });
  }

  async close(): Promise<void> {
    this.#client.close();
  }

  #decodeRows(bytes: Uint8Array, table: string): TableRow[] {
    try {
      return decodePlainRows(bytes).map(toTableRow);
    } catch (thrown) {
      throw classifySourceError(thrown, { operation: "GetRange", table });
    }
  }

  async #call<O extends OperationName>(
    operation: O,
    request: RequestOf<O>,
    context: { table?: string; tunnel?: string },
    meanings: Readonly<Record<string, () => AppError>> = {},
  ): Promise<ResponseOf<O>> {
    try {
      return await this.#client.call(operation, request);
    } catch (thrown) {
      const meaning = thrown instanceof TablestoreError ? meanings[thrown.code] : undefined;
      throw meaning?.() ?? refusalOf(thrown, { operation, ...context });
    }
  }
}

/** A position that an earlier page gave: the next row's key. */
function readPosition(after: string): Uint8Array {
  const bytes = Buffer.from(after, "base64url");
  try {
    decodePlainRow(bytes);
  } catch (thrown) {
    if (!(thrown instanceof PlainBufferError)) throw thrown;
    throw new InvalidInputError([{ field: "cursor", message: "This was not given by this list." }]);
  }
  return bytes;
}

function conflict(reason: string): AppError {
  return new AppError("resource.conflict", reason, { details: { reason } });
}

/**
 * Delivery takes any refusal that it does not know for an outage or a bug of ours, and retries. Here
 * somebody just typed what was refused, so a 4xx is about that, and the service's words go with it.
 */
function refusalOf(
  thrown: unknown,
  context: { operation: OperationName; table?: string; tunnel?: string },
): AppError {
  const error = classifySourceError(thrown, context);
  const isUnknown = error.code === "internal.unexpected" || error.code === "source.unavailable";
  if (!isUnknown || !(thrown instanceof TablestoreError)) return error;
  if (thrown.httpStatus < 400 || thrown.httpStatus >= 500) return error;
  const reason = `${thrown.code}: ${thrown.serviceMessage.slice(0, reasonCharactersMax)}`;
  return new AppError("source.change_refused", error.message, {
    details: { ...error.details, reason },
    cause: thrown,
  });
}
