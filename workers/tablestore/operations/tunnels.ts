import { decodeMessage, encodeMessage, type Message } from "@/lib/tablestore/messages";
import { operations } from "@/lib/tablestore/operations";
import { finishedToken } from "@/lib/tablestore/token";
import type { OperationHandler } from "../http-server";
import { parameterInvalid, Refusal } from "../refusal";
import type { Commit } from "../store/commit";
import type { Store } from "../store/store";
import { type Position, readPosition } from "../tunnels/channel-token";
import { decideCheckpoint } from "../tunnels/checkpoint";
import { type BaseChannelLimits, createTunnel } from "../tunnels/create-tunnel";
import { describeChannel, describeTunnel } from "../tunnels/describe-tunnel";
import { type RecordReader, readRecords } from "../tunnels/read-records";
import { splitChannel } from "../tunnels/split-channel";
import type { ChannelDocument, Tunnel } from "../tunnels/tunnel";
import type { TunnelRegistry } from "../tunnels/tunnel-registry";
import {
  admitClient,
  beat,
  type ChannelReport,
  connectClient,
  defaultClientTimeoutMs,
  expireClients,
  type ReportedStatus,
  shutDownClient,
  terminateChannel,
} from "../tunnels/tunnel-state";

export type TunnelContext = {
  readonly store: Store;
  readonly registry: TunnelRegistry;
  readonly reader: RecordReader;
  readonly instance: string;
  readonly newId: () => string;
  readonly baseChannels: BaseChannelLimits;
  /** Never goes back, ms: clients' silence is measured with it. */
  readonly monotonicMs: () => number;
};

const nothing = new Uint8Array(0);
const clientTagCharactersMax = 64;
const clientTimeoutSecondsMax = 86_400n;
const versionMax = 2n ** 50n;

export function tunnelOperations(context: TunnelContext): Record<string, OperationHandler> {
  return {
    "/tunnel/create": (body) => create(context, body),
    "/tunnel/list": (body) => list(context, body),
    "/tunnel/describe": (body) => describe(context, body),
    "/tunnel/delete": (body) => remove(context, body),
    "/tunnel/connect": (body) => connect(context, body),
    "/tunnel/heartbeat": (body) => heartbeat(context, body),
    "/tunnel/shutdown": (body) => shutdown(context, body),
    "/tunnel/getcheckpoint": (body) => getCheckpoint(context, body),
    "/tunnel/checkpoint": (body) => checkpoint(context, body),
    "/tunnel/readrecords": (body, signal) => read(context, body, signal),
    [operations.SplitChannel.path]: (body) => split(context, body),
  };
}

async function create(context: TunnelContext, body: Buffer): Promise<Uint8Array> {
  const { tunnel } = decodeMessage("CreateTunnelRequest", body);
  const tunnelId = await createTunnel(context, tunnel);
  return encodeMessage("CreateTunnelResponse", { tunnelId });
}

function list({ store, registry, instance }: TunnelContext, body: Buffer): Promise<Uint8Array> {
  const { tableName } = decodeMessage("ListTunnelRequest", body);
  return store.loop.change(() => {
    const isWanted = ({ document }: Tunnel) =>
      tableName === undefined || tableName === "" || document.tableName === tableName;
    const tunnels = registry
      .all()
      .filter(isWanted)
      .map((tunnel) => describeTunnel(tunnel, store.catalogue, instance));
    return encodeMessage("ListTunnelResponse", { tunnels });
  });
}

function describe(context: TunnelContext, body: Buffer): Promise<Uint8Array> {
  const { store, registry, instance } = context;
  const request = decodeMessage("DescribeTunnelRequest", body);
  return store.loop.change((commit) => {
    const tunnel = requireNamed(registry, request);
    registry.applyState(commit, tunnel, expireClients(tunnel.state, context.monotonicMs()));
    const table = registry.tableOf(tunnel);
    const channels = [...tunnel.channels.values()].map((channel) =>
      describeChannel(channel, table, store.catalogue, commit.nowMs),
    );
    // A channel that was read to its end holds nothing back.
    const consumed = channels
      .filter(
        ({ channelType, channelStatus }) =>
          channelType === "Stream" && channelStatus !== "TERMINATED",
      )
      .map(({ channelRpo }) => channelRpo ?? 0n);
    return encodeMessage("DescribeTunnelResponse", {
      tunnel: describeTunnel(tunnel, store.catalogue, instance),
      channels,
      tunnelRpo: consumed.reduce(
        (slowest, rpo) => (rpo < slowest ? rpo : slowest),
        consumed[0] ?? 0n,
      ),
    });
  });
}

function requireNamed(
  registry: TunnelRegistry,
  request: { tableName: string; tunnelName: string; tunnelId?: string },
): Tunnel {
  const { tableName, tunnelName, tunnelId } = request;
  if (tunnelId !== undefined && tunnelId !== "") return registry.require(tunnelId);
  const tunnel = registry.find(tableName, tunnelName);
  if (tunnel === undefined) throw parameterInvalid("The tunnel does not exist.");
  return tunnel;
}

async function remove({ store, registry }: TunnelContext, body: Buffer): Promise<Uint8Array> {
  const request = decodeMessage("DeleteTunnelRequest", body);
  await store.loop.change((commit) => registry.remove(commit, requireNamed(registry, request)));
  store.garbage.sweep();
  return nothing;
}

async function connect(context: TunnelContext, body: Buffer): Promise<Uint8Array> {
  const { tunnelId, clientConfig } = decodeMessage("ConnectRequest", body);
  const timeoutSeconds = clientConfig?.timeout ?? 0n;
  const timeoutMs =
    timeoutSeconds > 0n && timeoutSeconds <= clientTimeoutSecondsMax
      ? Number(timeoutSeconds) * 1000
      : defaultClientTimeoutMs;
  const clientId = clientIdFor(clientConfig?.clientTag ?? "", context.newId());
  await context.store.loop.change((commit) => {
    const tunnel = context.registry.require(tunnelId);
    const client = { id: clientId, timeoutMs };
    const next = connectClient(tunnel.state, client, context.monotonicMs());
    context.registry.applyState(commit, tunnel, next);
  });
  return encodeMessage("ConnectResponse", { clientId });
}

function clientIdFor(tag: string, id: string): string {
  const readable = tag.replace(/[^\w.-]/g, "-").slice(0, clientTagCharactersMax);
  return readable === "" ? id : `${readable}_${id}`;
}

const wireStatusOf = {
  open: "OPEN",
  closing: "CLOSING",
  close: "CLOSE",
  terminated: "TERMINATED",
} as const;
const statusOfWire: Readonly<Record<Message<"Channel">["status"], ReportedStatus>> = {
  OPEN: "open",
  CLOSING: "closing",
  CLOSE: "close",
  TERMINATED: "terminated",
};

async function heartbeat(context: TunnelContext, body: Buffer): Promise<Uint8Array> {
  const request = decodeMessage("HeartbeatRequest", body);
  const reports = request.channels.map(
    ({ channelId, version, status }): ChannelReport => ({
      id: channelId,
      version: readVersion(version),
      status: statusOfWire[status],
    }),
  );
  const answer = await context.store.loop.change((commit) => {
    const tunnel = context.registry.require(request.tunnelId);
    const next = beat(tunnel.state, request.clientId, reports, context.monotonicMs());
    context.registry.applyState(commit, tunnel, next.state);
    return next.answer;
  });
  context.store.garbage.sweep();
  if (answer === null) throw clientGone();
  return encodeMessage("HeartbeatResponse", {
    channels: answer.map(({ id, version, status }) => ({
      channelId: id,
      version: BigInt(version),
      status: wireStatusOf[status],
    })),
  });
}

/** Versions count up by one; one that leaves no room to count is no version that was given here. */
function readVersion(version: bigint): number {
  if (version > versionMax) throw parameterInvalid("Invalid channel version.");
  return Number(version);
}

function clientGone(): Refusal {
  return new Refusal("OTSResourceGone", "The client is unknown or its heartbeat has timed out.");
}

async function shutdown({ store, registry }: TunnelContext, body: Buffer): Promise<Uint8Array> {
  const { tunnelId, clientId } = decodeMessage("ShutdownRequest", body);
  await store.loop.change((commit) => {
    const tunnel = registry.require(tunnelId);
    registry.applyState(commit, tunnel, shutDownClient(tunnel.state, clientId));
  });
  return nothing;
}

/** Lets the client in, as known or adopted, and gives the channel if it is the client's own. */
function requireOwnChannel(
  context: TunnelContext,
  commit: Commit,
  request: { tunnelId: string; clientId: string; channelId: string },
): { tunnel: Tunnel; channel: ChannelDocument } {
  const { registry } = context;
  const tunnel = registry.require(request.tunnelId);
  const admitted = admitClient(tunnel.state, request.clientId, context.monotonicMs());
  if (admitted === null) throw clientGone();
  const channel = registry.requireChannel(tunnel, request.channelId);
  if (channel.owner !== request.clientId) {
    throw new Refusal("OTSResourceGone", "The channel is not assigned to the client.");
  }
  registry.applyState(commit, tunnel, admitted);
  return { tunnel, channel };
}

function getCheckpoint(context: TunnelContext, body: Buffer): Promise<Uint8Array> {
  const request = decodeMessage("GetCheckpointRequest", body);
  return context.store.loop.change((commit) => {
    const { channel } = requireOwnChannel(context, commit, request);
    return encodeMessage("GetCheckpointResponse", {
      checkpoint: channel.token,
      sequenceNumber: BigInt(channel.sequenceNumber),
    });
  });
}

async function checkpoint(context: TunnelContext, body: Buffer): Promise<Uint8Array> {
  const request = decodeMessage("CheckpointRequest", body);
  const { store, registry } = context;
  await store.loop.change((commit) => {
    const tunnel = registry.require(request.tunnelId);
    const channel = registry.requireChannel(tunnel, request.channelId);
    const token = request.checkpoint;
    const { sequenceNumber } = request;
    const decision = decideCheckpoint(channel, { token, sequenceNumber });
    if (decision === "repeat") return;
    // A client that has just shut down may still set its last one, while nobody else has the channel.
    if (channel.owner !== request.clientId && channel.owner !== null) {
      throw new Refusal("OTSResourceGone", "The channel is assigned to another client.");
    }
    if (decision === "mismatch") {
      throw new Refusal(
        "OTSSequenceNumberNotMatch",
        `The sequence number ${sequenceNumber} does not follow ${channel.sequenceNumber}.`,
      );
    }
    checkToken(registry, tunnel, channel, token);
    const stored = { token, sequenceNumber: channel.sequenceNumber + 1 };
    registry.storeCheckpoint(commit, tunnel, channel, stored);
    if (token === finishedToken) {
      registry.applyState(commit, tunnel, terminateChannel(tunnel.state, channel.id));
    }
  });
  store.garbage.sweep();
  return nothing;
}

/** A token that cannot be read later would leave the channel stuck for good. */
function checkToken(
  registry: TunnelRegistry,
  tunnel: Tunnel,
  channel: ChannelDocument,
  token: string,
): void {
  const { source } = channel;
  if (token === finishedToken) {
    if (!channel.hasEnd) throw parameterInvalid("The channel has no end.");
    return;
  }
  if (source.kind === "stream") {
    readPosition(token, { kind: "stream", ordinal: source.ordinal });
    return;
  }
  const base = { kind: "base", schema: registry.tableOf(tunnel).schema } as const;
  if (isBehind(readPosition(token, base), readPosition(channel.token, base))) {
    throw parameterInvalid("The snapshot is not kept before the stored checkpoint.");
  }
}

/** The images of rows that a base checkpoint has passed are gone, so reading them again would miss some. */
function isBehind(position: Position, stored: Position): boolean {
  if (position.kind !== "base" || stored.kind !== "base" || stored.afterKey === null) return false;
  return position.afterKey === null || position.afterKey.compare(stored.afterKey) < 0;
}

async function split({ store, registry }: TunnelContext, body: Buffer): Promise<Uint8Array> {
  const request = decodeMessage("SplitChannelRequest", body);
  return encodeMessage("SplitChannelResponse", await splitChannel(store, registry, request));
}

async function read(
  context: TunnelContext,
  body: Buffer,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const request = decodeMessage("ReadRecordsRequest", body);
  const { registry } = context;
  const tunnel = registry.require(request.tunnelId);
  const isKnown = tunnel.state.clients.some(({ id }) => id === request.clientId);
  const owner = registry.requireChannel(tunnel, request.channelId).owner;
  // Only a client that has to be taken in needs a commit; every other read goes straight on.
  if (!isKnown || owner !== request.clientId) {
    await context.store.loop.change((commit) => requireOwnChannel(context, commit, request));
  } else if (admitClient(tunnel.state, request.clientId, context.monotonicMs()) === null) {
    throw clientGone();
  }
  const channel = registry.requireChannel(tunnel, request.channelId);
  return readRecords(context.reader, tunnel, channel, request.token, signal);
}
