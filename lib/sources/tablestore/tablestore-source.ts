import { AppError } from "@/lib/core/error";
import type {
  ChannelReport,
  RecordDecoder,
  TableSource,
  Tunnel,
} from "@/lib/core/ports/table-source";
import type { SampleRow, TableDescription } from "@/lib/core/record";
import type { SchemaMapping } from "@/lib/core/schema-mapping";
import type { EventTime, SyncMode } from "@/lib/core/task";
import { type Clock, systemClock } from "@/lib/platform/clock";
import { TablestoreClient } from "@/lib/tablestore/client";
import { decodePlainRows } from "@/lib/tablestore/decode-plain-buffer";
import { encodePlainRow } from "@/lib/tablestore/encode-plain-buffer";
import type { OperationName, RequestOf, ResponseOf } from "@/lib/tablestore/operations";
import type { EnumValue } from "@/lib/tablestore/schema/enums";
import { classifySourceError } from "./classify-source-error";
import { createRecordDecoder } from "./record-decoder";
import { toSampleRow, toTableDescription } from "./source-table";
import { TablestoreTunnel, type TunnelIdentity } from "./tablestore-tunnel";

export type TablestoreSourceConfig = {
  readonly endpoint: string;
  readonly instance: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
};

/** Time and chance of the adapter's own retries. */
export type TablestoreSourceRuntime = {
  readonly clock: Clock;
  readonly random: () => number;
};

/** A request that takes longer has met a dead connection; the service answers within seconds. */
const timeoutMs = 30_000;
/**
 * Bridges a blip and no more: delivery retries by itself, and only what comes out of here is shown
 * to people and lets a worker stop or move on.
 */
const retryTotalMs = 2_000;

const tunnelTypes: Readonly<Record<SyncMode, EnumValue<"TunnelType">>> = {
  full: "BaseData",
  incremental: "Stream",
  differential: "BaseAndStream",
};

/** An instance of Tablestore, real or embedded. Safe for concurrent use. */
export function createTablestoreSource(
  config: TablestoreSourceConfig,
  runtime: TablestoreSourceRuntime = { clock: systemClock, random: Math.random },
): TableSource {
  const { endpoint, instance, accessKeyId, accessKeySecret } = config;
  const access = { endpoint, instance, accessKeyId, accessKeySecret };
  return new TablestoreSource(
    new TablestoreClient({ ...access, ...runtime, timeoutMs, retryTotalMs }),
    runtime,
  );
}

class TablestoreSource implements TableSource {
  readonly #client: TablestoreClient;
  readonly #runtime: TablestoreSourceRuntime;

  constructor(client: TablestoreClient, runtime: TablestoreSourceRuntime) {
    this.#client = client;
    this.#runtime = runtime;
  }

  async listTables(): Promise<string[]> {
    return [...(await this.#call("ListTable", {})).tableNames];
  }

  async describeTable(table: string): Promise<TableDescription> {
    return toTableDescription(await this.#call("DescribeTable", { tableName: table }, { table }));
  }

  async sampleRows(table: string, limit: number): Promise<SampleRow[]> {
    const { primaryKey } = await this.describeTable(table);
    const rows: SampleRow[] = [];
    let from: Uint8Array | undefined = encodeBound(primaryKey, "inf-min");
    const end = encodeBound(primaryKey, "inf-max");
    while (from !== undefined && rows.length < limit) {
      const request = {
        tableName: table,
        direction: "FORWARD",
        maxVersions: 1,
        limit: limit - rows.length,
        inclusiveStartPrimaryKey: from,
        exclusiveEndPrimaryKey: end,
      } as const;
      const page: ResponseOf<"GetRange"> = await this.#call("GetRange", request, { table });
      rows.push(...this.#decodeRows(page.rows, table));
      from = page.nextStartPrimaryKey;
    }
    return rows.slice(0, limit);
  }

  /**
   * A stream tunnel starts at its creation (LATEST), and the service itself switches the table's
   * stream on for it (reference: tunnel-service.md 4). A tunnel of that name and type is taken for
   * the one that an earlier try made.
   */
  async createTunnel(request: { table: string; name: string; mode: SyncMode }): Promise<string> {
    const { table, name, mode } = request;
    const tunnelType = tunnelTypes[mode];
    const start = mode === "full" ? {} : { streamTunnelConfig: { flag: "LATEST" } as const };
    const tunnel = { tableName: table, tunnelName: name, tunnelType, ...start };
    const context = { table, tunnel: name };
    try {
      return (await this.#call("CreateTunnel", { tunnel }, context)).tunnelId;
    } catch (thrown) {
      if (!hasCode(thrown, "source.tunnel_exists")) throw thrown;
      const found = await this.#call(
        "DescribeTunnel",
        { tableName: table, tunnelName: name },
        context,
      );
      if (found.tunnel.tunnelType !== tunnelType) throw thrown;
      return found.tunnel.tunnelId;
    }
  }

  async deleteTunnel({ table, name }: { table: string; name: string }): Promise<void> {
    const context = { table, tunnel: name };
    try {
      await this.#call("DeleteTunnel", { tableName: table, tunnelName: name }, context);
    } catch (thrown) {
      const isGone =
        hasCode(thrown, "source.tunnel_missing") || hasCode(thrown, "source.table_missing");
      if (!isGone) throw thrown;
    }
  }

  /**
   * What a tunnel from EARLIEST would start with. It is made for the question alone: its channels are
   * the table's own, under the same ids.
   */
  async oldestCheckpoint(request: { table: string; channelId: string }): Promise<string | null> {
    const { table, channelId } = request;
    const { clock, random } = this.#runtime;
    const name = `culvert_oldest_${clock.now().toString(36)}_${Math.floor(random() * 2 ** 40).toString(36)}`;
    const { tunnelId } = await this.#call(
      "CreateTunnel",
      {
        tunnel: {
          ...{ tableName: table, tunnelName: name, tunnelType: "Stream" },
          streamTunnelConfig: { flag: "EARLIEST" },
        },
      },
      { table, tunnel: name },
    );
    try {
      return await readFirstCheckpoint(this.openTunnel({ table, name, tunnelId }), channelId);
    } finally {
      await this.deleteTunnel({ table, name });
    }
  }

  openTunnel(identity: TunnelIdentity): Tunnel {
    return new TablestoreTunnel(this.#client, identity);
  }

  createDecoder(mapping: SchemaMapping, eventTime: EventTime | null): RecordDecoder {
    return createRecordDecoder(mapping, eventTime);
  }

  async close(): Promise<void> {
    this.#client.close();
  }

  #decodeRows(bytes: Uint8Array, table: string): SampleRow[] {
    try {
      return decodePlainRows(bytes).map(toSampleRow);
    } catch (thrown) {
      throw classifySourceError(thrown, { operation: "GetRange", table });
    }
  }

  async #call<O extends OperationName>(
    operation: O,
    request: RequestOf<O>,
    context: { table?: string; tunnel?: string } = {},
  ): Promise<ResponseOf<O>> {
    try {
      return await this.#client.call(operation, request);
    } catch (thrown) {
      throw classifySourceError(thrown, { operation, ...context });
    }
  }
}

/** Null when the tunnel does not give the channel out. */
async function readFirstCheckpoint(tunnel: Tunnel, channelId: string): Promise<string | null> {
  const clientId = await tunnel.connect({ timeoutSeconds: 60, tag: "culvert-oldest" });
  const given = new Set<string>();
  let reports: readonly ChannelReport[] = [];
  for (;;) {
    const channels = await tunnel.heartbeat(clientId, reports);
    if (channels.some((channel) => channel.channelId === channelId))
      return (await tunnel.readCheckpoint(clientId, channelId)).checkpoint;
    const fresh = channels.filter((channel) => !given.has(channel.channelId));
    if (fresh.length === 0) return null;
    for (const channel of fresh) given.add(channel.channelId);
    // A channel that came of a split is given out once those before it are over.
    reports = fresh.map((channel) => ({
      ...channel,
      version: channel.version + 1n,
      status: "terminated",
    }));
  }
}

function hasCode(thrown: unknown, code: AppError["code"]): boolean {
  return thrown instanceof AppError && thrown.code === code;
}

/** The key below or above every other. */
function encodeBound(
  primaryKey: TableDescription["primaryKey"],
  type: "inf-min" | "inf-max",
): Uint8Array {
  return encodePlainRow({
    primaryKey: primaryKey.map(({ name }) => ({
      name,
      value: { type },
      operation: null,
      timestampMs: null,
    })),
    attributes: [],
    deleteMarker: false,
    extension: null,
  });
}
