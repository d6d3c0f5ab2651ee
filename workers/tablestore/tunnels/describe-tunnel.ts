import type { MessageInit } from "@/lib/tablestore/messages";
import type { Catalogue } from "../store/catalogue";
import type { Table } from "../store/table";
import { readPosition } from "./channel-token";
import type { ChannelDocument, Tunnel } from "./tunnel";
import { type ChannelStatus, stageOf } from "./tunnel-state";

const nsPerMs = 1_000_000n;
const nsPerUs = 1000n;

const statusNames: Readonly<Record<ChannelStatus, string>> = {
  wait: "WAIT",
  open: "OPEN",
  closing: "CLOSING",
  close: "CLOSE",
  terminated: "TERMINATED",
};

/** What ListTunnel and DescribeTunnel tell of a tunnel. No optional field is left out. */
export function describeTunnel(
  tunnel: Tunnel,
  catalogue: Catalogue,
  instance: string,
): MessageInit<"TunnelInfo"> {
  const { document, state } = tunnel;
  const { flag, startOffsetNs, endOffsetNs } = document.start;
  const isStreaming = document.type !== "BaseData" && stageOf(state.channels) === "stream";
  return {
    tunnelId: document.id,
    tunnelType: document.type,
    tableName: document.tableName,
    instanceName: instance,
    streamId: document.streamId,
    stage: isStreaming ? "ProcessStream" : "ProcessBaseData",
    expired: isTunnelExpired(tunnel, catalogue),
    tunnelName: document.name,
    public: true,
    streamTunnelConfig: {
      flag: flag ?? (startOffsetNs === null ? "LATEST" : undefined),
      startOffset: startOffsetNs === null ? undefined : BigInt(startOffsetNs),
      endOffset: endOffsetNs === null ? undefined : BigInt(endOffsetNs),
    },
    createTime: BigInt(document.createdAtMs) * nsPerMs,
  };
}

/** Records that one of its channels would read next are gone. */
export function isTunnelExpired({ channels }: Tunnel, catalogue: Catalogue): boolean {
  return [...channels.values()].some((channel) => isExpired(channel, catalogue));
}

function isExpired(channel: ChannelDocument, catalogue: Catalogue): boolean {
  const { source, status, token } = channel;
  if (source.kind !== "stream" || status === "terminated") return false;
  const logChannel = catalogue.channel(source.ordinal);
  if (logChannel === undefined) return true;
  const position = readPosition(token, { kind: "stream", ordinal: source.ordinal });
  return position.kind === "stream" && position.sequence < logChannel.firstSequence;
}

export function describeChannel(
  channel: ChannelDocument,
  table: Table,
  catalogue: Catalogue,
  nowMs: number,
): MessageInit<"ChannelInfo"> {
  const { consumedThroughNs, totalCount } = progressOf(channel, table, catalogue, nowMs);
  return {
    channelId: channel.id,
    channelType: channel.kind === "base" ? "BaseData" : "Stream",
    channelStatus: statusNames[channel.status],
    clientId: channel.owner ?? "",
    channelRpo: consumedThroughNs,
    channelCount: BigInt(totalCount),
  };
}

/** Everything written before `consumedThroughNs` has been consumed; 0 for base data, as documented. */
function progressOf(
  channel: ChannelDocument,
  table: Table,
  catalogue: Catalogue,
  nowMs: number,
): { consumedThroughNs: bigint; totalCount: number } {
  const { source, token } = channel;
  const position = readPosition(
    token,
    source.kind === "base"
      ? { kind: "base", schema: table.schema }
      : { kind: "stream", ordinal: source.ordinal },
  );
  if (position.kind === "finished") return { consumedThroughNs: 0n, totalCount: 0 };
  if (position.kind === "base" || source.kind === "base") {
    return { consumedThroughNs: 0n, totalCount: position.totalCount };
  }
  const logChannel = catalogue.channel(source.ordinal);
  const isCaughtUp = logChannel !== undefined && position.sequence >= logChannel.durableSequence;
  return {
    consumedThroughNs: isCaughtUp
      ? BigInt(nowMs) * nsPerMs
      : BigInt(position.timestampUs) * nsPerUs,
    totalCount: position.totalCount,
  };
}
