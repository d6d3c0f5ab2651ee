import type { Clock } from "@/lib/platform/clock";
import { encodeReadRecordsResponse } from "@/lib/tablestore/read-records";
import { finishedToken } from "@/lib/tablestore/token";
import { parameterInvalid, Refusal } from "../refusal";
import { readBasePage } from "../store/base-read";
import type { Store } from "../store/store";
import { type LogChannel, readLogPage } from "../store/stream-log";
import { baseToken, readPosition, streamToken } from "./channel-token";
import type { ChannelDocument, Tunnel } from "./tunnel";
import type { TunnelRegistry } from "./tunnel-registry";

export type PageLimits = { readonly recordsMax: number; readonly bytesMax: number };

/** The documented page of a tunnel is below 4 MB; a single larger record still goes through. */
export const defaultPageLimits: PageLimits = {
  recordsMax: 5000,
  bytesMax: 4 * 1024 * 1024 - 64 * 1024,
};

export type RecordReader = {
  readonly store: Store;
  readonly registry: TunnelRegistry;
  readonly clock: Clock;
  /** How long an answer waits when a stream channel has nothing new; 0 answers at once. */
  readonly longPollMs: number;
  readonly pageLimits: PageLimits;
};

/** The body of a ReadRecords response. */
export async function readRecords(
  reader: RecordReader,
  tunnel: Tunnel,
  channel: ChannelDocument,
  token: string,
  signal: AbortSignal,
): Promise<Uint8Array> {
  if (token === finishedToken) return respond([], finishedToken, false);
  const { source } = channel;
  if (source.kind === "base") return readBase(reader, tunnel, channel, token);
  const logChannel = reader.store.catalogue.channel(source.ordinal);
  if (logChannel === undefined) {
    throw new Refusal("OTSTunnelExpired", "The table's stream was switched off.");
  }
  return readStream(reader, logChannel, source.endUs, token, signal);
}

async function readBase(
  { store, registry, pageLimits }: RecordReader,
  tunnel: Tunnel,
  channel: ChannelDocument,
  token: string,
): Promise<Uint8Array> {
  const table = registry.tableOf(tunnel);
  const position = readPosition(token, { kind: "base", schema: table.schema });
  const range = tunnel.cut?.ranges.find(({ channelId }) => channelId === channel.id);
  // The snapshot is gone once the channel's end was checkpointed.
  if (position.kind !== "base" || !tunnel.cut || range === undefined) {
    return respond([], finishedToken, false);
  }
  const page = await readBasePage(store.db, tunnel.cut, range, position.afterKey, pageLimits);
  if (page.finished) return respond(page.chunks, finishedToken, false);
  const next = baseToken(page.lastKey, position.totalCount + page.recordCount);
  return respond(page.chunks, next, true);
}

async function readStream(
  reader: RecordReader,
  channel: LogChannel,
  endUs: number | null,
  token: string,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const position = readPosition(token, { kind: "stream", ordinal: channel.ordinal });
  if (position.kind !== "stream" || position.sequence > channel.nextSequence) {
    throw parameterInvalid("The token is ahead of the channel.");
  }
  if (position.sequence >= channel.durableSequence && channel.endSequence === null) {
    await waitForRecords(reader, channel, signal);
  }
  const { db, clock } = reader.store;
  const isOver = endUs !== null && clock.nowMs() * 1000 >= endUs;
  // Commits that began before the end may still be on their way to the disk; later ones are after it.
  if (isOver) await reader.store.loop.change(() => {});
  const limits = { ...reader.pageLimits, beforeUs: endUs ?? Number.POSITIVE_INFINITY };
  const page = await readLogPage(db, channel, position.sequence, limits);
  const isDrained =
    page.reachedEnd ||
    (isOver && page.nextSequence >= channel.durableSequence) ||
    (channel.endSequence !== null && page.nextSequence >= channel.endSequence);
  if (isDrained) return respond(page.chunks, finishedToken, false);
  if (page.recordCount === 0) return respond([], token, false);
  const next = streamToken(channel.ordinal, {
    sequence: page.nextSequence,
    timestampUs: page.lastTimestampUs ?? position.timestampUs,
    totalCount: position.totalCount + page.recordCount,
  });
  return respond(page.chunks, next, page.nextSequence < channel.durableSequence);
}

/** Resolves at the channel's next commit, when the time is over, or when nobody waits any more. */
async function waitForRecords(
  { clock, longPollMs }: RecordReader,
  channel: LogChannel,
  signal: AbortSignal,
): Promise<void> {
  if (longPollMs <= 0 || signal.aborted) return;
  const woken = new AbortController();
  const wake = () => woken.abort();
  channel.waiters.add(wake);
  signal.addEventListener("abort", wake, { once: true });
  try {
    await clock.sleep(longPollMs, woken.signal);
  } finally {
    channel.waiters.delete(wake);
    signal.removeEventListener("abort", wake);
  }
}

/** Stored records are framed already: only the fields after them are encoded here. */
function respond(chunks: readonly Buffer[], nextToken: string, mayMoreRecord: boolean): Uint8Array {
  const tail = encodeReadRecordsResponse([], { nextToken, mayMoreRecord });
  return chunks.length === 0 ? tail : Buffer.concat([...chunks, tail]);
}
