import type { Message } from "@/lib/tablestore/messages";
import { checkLimit, limits, startOffsetMarginMs } from "../limits";
import { parameterInvalid, Refusal } from "../refusal";
import type { Commit } from "../store/commit";
import { idKey, namespace } from "../store/key-encoding";
import { type KeyRange, splitRange } from "../store/row-ranges";
import type { Store } from "../store/store";
import { type LogChannel, sequenceAtTime } from "../store/stream-log";
import type { Table } from "../store/table";
import { baseToken } from "./channel-token";
import { streamChannel } from "./stream-channel";
import type { ChannelDocument, Tunnel } from "./tunnel";
import type { TunnelRegistry } from "./tunnel-registry";

/** What a tunnel that needs the stream gives a table that has none (documented). */
const impliedExpirationHours = limits.streamExpirationHours.max;
const nsPerUs = 1000n;
const nsPerMs = 1_000_000n;

type Request = Message<"Tunnel">;

/** Into how many channels a table's base data is cut: each has so many bytes on disk, or there is one. */
export type BaseChannelLimits = { readonly piecesMax: number; readonly pieceBytesMin: number };

/** Enough for a few workers side by side, and so large that nobody gets small objects for it. */
export const defaultBaseChannelLimits: BaseChannelLimits = {
  piecesMax: 8,
  pieceBytesMin: 16 * 1024 * 1024,
};

export type TunnelCreation = {
  readonly store: Store;
  readonly registry: TunnelRegistry;
  readonly newId: () => string;
  readonly baseChannels: BaseChannelLimits;
};

/** Makes the tunnel and fixes its start in one commit: what is written afterwards belongs to it. */
export async function createTunnel(
  { store, registry, newId, baseChannels }: TunnelCreation,
  request: Request,
): Promise<string> {
  checkRequest(store, request);
  const starts = await findStarts(store, request);
  const { id: tableId } = requireTable(store, request.tableName).document;
  // Borders may be of a moment ago: the pieces cover all keys that the table can ever have.
  const pieces = await splitRange(store.db, rowKeysOf(tableId), baseChannels);
  const tunnel = await store.loop.change((commit) => {
    const table = requireTable(store, request.tableName);
    // Deleted and made again meanwhile: a new table is empty.
    const baseRanges = table.document.id === tableId ? pieces : [rowKeysOf(table.document.id)];
    if (registry.find(request.tableName, request.tunnelName) !== undefined) {
      throw new Refusal("OTSTunnelExist", "The tunnel already exists.");
    }
    checkLimit(limits.tunnels, registry.countOf(table) + 1);
    const hasStream = request.tunnelType !== "BaseData";
    if (hasStream && table.document.stream === null) {
      const settings = { expirationHours: impliedExpirationHours, columnsToGet: [] };
      store.catalogue.enableStream(commit, table, settings);
    }
    const hasBase = request.tunnelType !== "Stream";
    const channels = [
      ...(hasBase ? baseRanges.map((range) => baseChannel(range, newId)) : []),
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
  const table = requireTable(store, request.tableName);
  for (const channel of [...table.closedChannels, ...table.channels]) {
    const startUs = Number((startOffset + nsPerUs - 1n) / nsPerUs);
    starts.set(channel, await sequenceAtTime(store.db, channel, startUs));
  }
  return starts;
}

function rowKeysOf(tableId: number): KeyRange {
  return { start: idKey(namespace.row, tableId), end: idKey(namespace.row, tableId + 1) };
}

function baseChannel({ start, end }: KeyRange, newId: () => string): ChannelDocument {
  return {
    id: `BaseData_${newId()}`,
    kind: "base",
    status: "wait",
    version: 0,
    owner: null,
    parents: [],
    hasEnd: true,
    source: { kind: "base", start: start.toString("hex"), end: end.toString("hex") },
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
  const { flag, startOffset, endOffset } = request.streamTunnelConfig ?? {};
  const endUs = endOffset === undefined ? null : Number((endOffset + nsPerUs - 1n) / nsPerUs);
  const isFromNow = startOffset === undefined && flag !== "EARLIEST";
  const startUs = startOffset === undefined ? commit.nowMs * 1000 : Number(startOffset / nsPerUs);
  const timestampUs = flag === "EARLIEST" ? 0 : startUs;
  const channels: ChannelDocument[] = [];
  for (const channel of isFromNow ? table.channels : [...table.closedChannels, ...table.channels]) {
    const end = commit.nextSequenceOf(channel);
    // A channel that was not there when starts were looked up has only later records.
    const sequence = isFromNow ? end : (starts.get(channel) ?? channel.firstSequence);
    const parents = channels.filter(({ id }) => id === channel.parentId).map(({ id }) => id);
    const isClosed = table.closedChannels.includes(channel);
    // An empty one still stands between those before and after it.
    if (isClosed && sequence >= end && parents.length === 0) continue;
    const source = { kind: "stream", ordinal: channel.ordinal, endUs } as const;
    const start = { sequence, timestampUs, totalCount: 0 };
    const hasEnd = endUs !== null || isClosed;
    channels.push(streamChannel(channel, source, start, { parents, hasEnd }));
  }
  return channels;
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
    expiredAtMs: null,
    cut,
  };
}
