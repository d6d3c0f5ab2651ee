import type { Message } from "@/lib/tablestore/messages";
import { checkLimit, limits, startOffsetMarginMs } from "../limits";
import { parameterInvalid, Refusal } from "../refusal";
import type { Commit } from "../store/commit";
import { idKey, namespace } from "../store/key-encoding";
import type { Store } from "../store/store";
import { type LogChannel, sequenceAtTime } from "../store/stream-log";
import type { Table } from "../store/table";
import { baseToken, streamToken } from "./channel-token";
import type { ChannelDocument, Tunnel } from "./tunnel";
import type { TunnelRegistry } from "./tunnel-registry";

/** What a tunnel that needs the stream gives a table that has none (documented). */
const impliedExpirationHours = limits.streamExpirationHours.max;
const nsPerUs = 1000n;
const nsPerMs = 1_000_000n;

type Request = Message<"Tunnel">;

/** Makes the tunnel and fixes its start in one commit: what is written afterwards belongs to it. */
export async function createTunnel(
  store: Store,
  registry: TunnelRegistry,
  request: Request,
  newId: () => string,
): Promise<string> {
  checkRequest(store, request);
  const starts = await findStarts(store, request);
  const tunnel = await store.loop.change((commit) => {
    const table = requireTable(store, request.tableName);
    if (registry.find(request.tableName, request.tunnelName) !== undefined) {
      throw new Refusal("OTSTunnelExist", "The tunnel already exists.");
    }
    const hasStream = request.tunnelType !== "BaseData";
    if (hasStream && table.document.stream === null) {
      const settings = { expirationHours: impliedExpirationHours, columnsToGet: [] };
      store.catalogue.enableStream(commit, table, settings);
    }
    const hasBase = request.tunnelType !== "Stream";
    const channels = [
      ...(hasBase ? [baseChannel(table, newId)] : []),
      ...(hasStream ? streamChannels(commit, table, request, starts) : []),
    ];
    const cut = hasBase ? cutNow(commit, table) : null;
    return registry.add(commit, table, describe(commit, table, request, cut, newId), channels);
  });
  return tunnel.document.id;
}

function requireTable(store: Store, tableName: string): Table {
  const table = store.catalogue.find(tableName);
  // Not 404: the Tunnel Service has its own codes, and clients stop on this one.
  if (table === undefined) throw parameterInvalid("The table does not exist.");
  return table;
}

function checkRequest(store: Store, request: Request): void {
  checkLimit(limits.nameBytes, Buffer.byteLength(request.tunnelName));
  const { startOffset, endOffset } = request.streamTunnelConfig ?? {};
  const table = requireTable(store, request.tableName);
  const nowNs = BigInt(store.clock.nowMs()) * nsPerMs;
  if (startOffset !== undefined && request.tunnelType !== "BaseData") {
    const hours = table.document.stream?.expirationHours ?? impliedExpirationHours;
    const oldestNs = nowNs - BigInt(hours * 3_600_000 - startOffsetMarginMs) * nsPerMs;
    if (startOffset >= nowNs || startOffset < oldestNs) {
      throw parameterInvalid("The start offset is not within the time the stream is kept.");
    }
  }
  if (endOffset !== undefined && endOffset <= (startOffset ?? 0n)) {
    throw parameterInvalid("The end offset must be after the start offset.");
  }
}

/** First sequences of channels at the asked start time; none are looked up for other starts. */
async function findStarts(store: Store, request: Request): Promise<Map<LogChannel, number>> {
  const starts = new Map<LogChannel, number>();
  const startOffset = request.streamTunnelConfig?.startOffset;
  if (startOffset === undefined) return starts;
  for (const channel of requireTable(store, request.tableName).channels) {
    const startUs = Number((startOffset + nsPerUs - 1n) / nsPerUs);
    starts.set(channel, await sequenceAtTime(store.db, channel, startUs));
  }
  return starts;
}

function baseChannel(table: Table, newId: () => string): ChannelDocument {
  const { id } = table.document;
  return {
    id: `BaseData_${newId()}`,
    kind: "base",
    status: "wait",
    version: 0,
    owner: null,
    parents: [],
    hasEnd: true,
    source: {
      kind: "base",
      start: idKey(namespace.row, id).toString("hex"),
      end: idKey(namespace.row, id + 1).toString("hex"),
    },
    token: baseToken(null, 0),
    sequenceNumber: 0,
  };
}

function streamChannels(
  commit: Commit,
  table: Table,
  request: Request,
  starts: ReadonlyMap<LogChannel, number>,
): ChannelDocument[] {
  const config = request.streamTunnelConfig;
  const endUs =
    config?.endOffset === undefined ? null : Number((config.endOffset + nsPerUs - 1n) / nsPerUs);
  return table.channels.map((channel) => {
    const sequence =
      starts.get(channel) ??
      (config?.flag === "EARLIEST" && config.startOffset === undefined
        ? channel.firstSequence
        : commit.nextSequenceOf(channel));
    const timestampUs =
      config?.startOffset === undefined
        ? commit.nowMs * 1000
        : Number(config.startOffset / nsPerUs);
    return {
      id: channel.id,
      kind: "stream",
      status: "wait",
      version: 0,
      owner: null,
      parents: [],
      hasEnd: endUs !== null,
      source: { kind: "stream", ordinal: channel.ordinal, endUs },
      token: streamToken(channel.ordinal, {
        sequence,
        timestampUs: config?.flag === "EARLIEST" ? 0 : timestampUs,
        totalCount: 0,
      }),
      sequenceNumber: 0,
    };
  });
}

/** The snapshot of this very job: earlier jobs are in it, later ones are not. */
function cutNow(commit: Commit, table: Table): Tunnel["document"]["cut"] {
  return {
    id: commit.nextId(),
    sequence: commit.sequence,
    atMs: commit.nowMs,
    timeToLiveSeconds: table.document.options.timeToLiveSeconds,
  };
}

function describe(
  commit: Commit,
  table: Table,
  request: Request,
  cut: Tunnel["document"]["cut"],
  newId: () => string,
): Tunnel["document"] {
  const config = request.streamTunnelConfig;
  return {
    id: newId(),
    name: request.tunnelName,
    tableName: table.document.name,
    tableId: table.document.id,
    type: request.tunnelType,
    streamId: request.tunnelType === "BaseData" ? "" : (table.document.stream?.id ?? ""),
    start: {
      flag: config?.flag ?? null,
      startOffsetNs: config?.startOffset?.toString() ?? null,
      endOffsetNs: config?.endOffset?.toString() ?? null,
    },
    createdAtMs: commit.nowMs,
    cut,
  };
}
