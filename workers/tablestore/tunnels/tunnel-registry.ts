import type { ClassicLevel } from "classic-level";
import { finishedToken } from "@/lib/tablestore/token";
import { parameterInvalid } from "../refusal";
import { type BaseCut, imagesOfCut, imagesPassed, isCutDone } from "../store/base-cut";
import type { Catalogue } from "../store/catalogue";
import type { Commit } from "../store/commit";
import type { Garbage } from "../store/garbage";
import { endOfPrefix, namespace, tunnelChannelKey, tunnelKey } from "../store/key-encoding";
import type { Table } from "../store/table";
import { readPosition } from "./channel-token";
import type { ChannelDocument, Tunnel, TunnelDocument } from "./tunnel";
import { type ChannelState, splitChannel, type TunnelState } from "./tunnel-state";

type Db = ClassicLevel<Buffer, Buffer>;

/**
 * The tunnels of the instance, in memory and on disk. Methods that take a commit are for commit jobs
 * only; versions, checkpoints and clients are stored with every change, because a client that knows
 * a higher version than its server ignores the server.
 */
export class TunnelRegistry {
  readonly #tunnels = new Map<string, Tunnel>();
  readonly #catalogue: Catalogue;
  readonly #garbage: Garbage;

  constructor(catalogue: Catalogue, garbage: Garbage) {
    this.#catalogue = catalogue;
    this.#garbage = garbage;
  }

  /** `nowMs` counts as when every client was last heard of: nobody could reach a server that was down. */
  async open(db: Db, nowMs: number): Promise<void> {
    const channels = await readChannels(db);
    const prefix = Buffer.of(namespace.tunnel);
    for (const value of await db.values({ gte: prefix, lt: endOfPrefix(prefix) }).all()) {
      const stored = JSON.parse(value.toString("utf8")) as TunnelDocument;
      const { clients, gone, ...document } = { ...stored, expiredAtMs: stored.expiredAtMs ?? null };
      const ofTunnel = channels.get(document.id) ?? [];
      const tunnel: Tunnel = {
        document,
        state: {
          channels: ofTunnel.map(schedulingOf),
          clients: clients.map((client) => ({ ...client, lastSeenMs: nowMs })),
          gone,
        },
        channels: new Map(ofTunnel.map((channel) => [channel.id, channel])),
        cut: null,
      };
      this.#openCut(tunnel);
      this.#tunnels.set(document.id, tunnel);
    }
  }

  #openCut(tunnel: Tunnel): void {
    const table = this.#catalogue.find(tunnel.document.tableName);
    if (table === undefined) return;
    const cut = createCut(tunnel, table);
    if (cut === null || isCutDone(cut)) return;
    tunnel.cut = cut;
    table.cuts.add(cut);
  }

  all(): Tunnel[] {
    return [...this.#tunnels.values()];
  }

  countOf(table: Table): number {
    return this.all().filter(({ document }) => document.tableId === table.document.id).length;
  }

  find(tableName: string, tunnelName: string): Tunnel | undefined {
    return this.all().find(
      ({ document }) => document.tableName === tableName && document.name === tunnelName,
    );
  }

  /** Unknown tunnels are answered as an invalid parameter: clients stop on that and on nothing less. */
  require(tunnelId: string): Tunnel {
    const tunnel = this.#tunnels.get(tunnelId);
    if (tunnel === undefined) throw parameterInvalid("The tunnel does not exist.");
    return tunnel;
  }

  requireChannel(tunnel: Tunnel, channelId: string): ChannelDocument {
    const channel = tunnel.channels.get(channelId);
    if (channel === undefined) throw parameterInvalid("The channel does not exist.");
    return channel;
  }

  /** The table that the tunnel reads. */
  tableOf({ document }: Tunnel): Table {
    const table = this.#catalogue.find(document.tableName);
    if (table === undefined || table.document.id !== document.tableId) {
      throw parameterInvalid("The tunnel's table does not exist.");
    }
    return table;
  }

  add(
    commit: Commit,
    table: Table,
    document: Tunnel["document"],
    channels: readonly ChannelDocument[],
  ): Tunnel {
    const tunnel: Tunnel = {
      document,
      state: { channels: channels.map(schedulingOf), clients: [], gone: [] },
      channels: new Map(channels.map((channel) => [channel.id, channel])),
      cut: null,
    };
    this.#putTunnel(commit, tunnel);
    for (const channel of channels) this.#putChannel(commit, tunnel, channel);
    const cut = createCut(tunnel, table);
    if (cut !== null) {
      tunnel.cut = cut;
      table.cuts.add(cut);
    }
    this.#tunnels.set(document.id, tunnel);
    return tunnel;
  }

  /** Takes over a new state, storing what differs from the old one. */
  applyState(commit: Commit, tunnel: Tunnel, next: TunnelState): void {
    const before = tunnel.state;
    tunnel.state = next;
    if (clientsDiffer(before, next)) this.#putTunnel(commit, tunnel);
    for (const [index, state] of next.channels.entries()) {
      if (state === before.channels[index]) continue;
      const channel = this.requireChannel(tunnel, state.id);
      const { status, version, owner } = state;
      this.#replaceChannel(commit, tunnel, { ...channel, status, version, owner });
    }
  }

  /** Gives a channel an end, and children that are read after it. */
  splitChannel(
    commit: Commit,
    tunnel: Tunnel,
    parent: ChannelDocument,
    children: readonly ChannelDocument[],
  ): void {
    tunnel.state = splitChannel(tunnel.state, parent.id, children.map(schedulingOf));
    this.#replaceChannel(commit, tunnel, { ...parent, hasEnd: true });
    for (const child of children) this.#replaceChannel(commit, tunnel, child);
  }

  storeCheckpoint(
    commit: Commit,
    tunnel: Tunnel,
    channel: ChannelDocument,
    checkpoint: { token: string; sequenceNumber: number },
  ): void {
    this.#replaceChannel(commit, tunnel, { ...channel, ...checkpoint });
  }

  #replaceChannel(commit: Commit, tunnel: Tunnel, channel: ChannelDocument): void {
    tunnel.channels.set(channel.id, channel);
    this.#putChannel(commit, tunnel, channel);
    if (channel.source.kind === "base") this.#advanceCut(commit, tunnel, channel);
  }

  /** Lets the snapshot go as far as the channel's checkpoint or end allows. */
  #advanceCut(commit: Commit, tunnel: Tunnel, channel: ChannelDocument): void {
    const { cut } = tunnel;
    const range = cut?.ranges.find(({ channelId }) => channelId === channel.id);
    if (cut === null || range === undefined || range.done) return;
    const table = this.tableOf(tunnel);
    const { done, passed } = progressOf(channel, table);
    if (passed !== null && (range.passed === null || passed.compare(range.passed) > 0)) {
      range.passed = passed;
    }
    range.done = done;
    if (!isCutDone(cut)) return;
    table.cuts.delete(cut);
    tunnel.cut = null;
    this.#garbage.add(commit, imagesOfCut(cut.id));
  }

  noteExpiry(commit: Commit, tunnel: Tunnel, expiredAtMs: number | null): void {
    tunnel.document = { ...tunnel.document, expiredAtMs };
    this.#putTunnel(commit, tunnel);
  }

  remove(commit: Commit, tunnel: Tunnel): void {
    const { id, tableName } = tunnel.document;
    commit.deleteKey(tunnelKey(id));
    for (const channelId of tunnel.channels.keys()) {
      commit.deleteKey(tunnelChannelKey(id, channelId));
    }
    if (tunnel.cut !== null) {
      this.#catalogue.find(tableName)?.cuts.delete(tunnel.cut);
      this.#garbage.add(commit, imagesOfCut(tunnel.cut.id));
    }
    this.#tunnels.delete(id);
  }

  removeOfTable(commit: Commit, table: Table): void {
    for (const tunnel of this.all()) {
      if (tunnel.document.tableId === table.document.id) this.remove(commit, tunnel);
    }
  }

  /** Images that no checkpoint can go back to, of every snapshot that is still being read. */
  imagesToClear(): { gte: Buffer; lt: Buffer }[] {
    return this.all().flatMap(({ cut }) =>
      cut === null
        ? []
        : cut.ranges.flatMap((range) => {
            const images = imagesPassed(cut, range);
            return images === null ? [] : [images];
          }),
    );
  }

  #putTunnel(commit: Commit, { document, state }: Tunnel): void {
    const stored: TunnelDocument = {
      ...document,
      clients: state.clients.map(({ id, timeoutMs, isReading }) => ({ id, timeoutMs, isReading })),
      gone: state.gone,
    };
    commit.putDocument(tunnelKey(document.id), stored);
  }

  #putChannel(commit: Commit, { document }: Tunnel, channel: ChannelDocument): void {
    commit.putDocument(tunnelChannelKey(document.id, channel.id), channel);
  }
}

async function readChannels(db: Db): Promise<Map<string, ChannelDocument[]>> {
  const channels = new Map<string, ChannelDocument[]>();
  const prefix = Buffer.of(namespace.tunnelChannel);
  for (const [key, value] of await db.iterator({ gte: prefix, lt: endOfPrefix(prefix) }).all()) {
    const [tunnelId = ""] = key.toString("utf8", 1).split("/");
    const ofTunnel = channels.get(tunnelId) ?? [];
    ofTunnel.push(JSON.parse(value.toString("utf8")) as ChannelDocument);
    channels.set(tunnelId, ofTunnel);
  }
  return channels;
}

/** What deciding who reads the channel takes, without its position. */
function schedulingOf(channel: ChannelDocument): ChannelState {
  const { id, kind, status, version, owner, parents, hasEnd } = channel;
  return { id, kind, status, version, owner, parents, hasEnd };
}

/** When they were last heard of is not stored, so that is no difference. */
function clientsDiffer(before: TunnelState, next: TunnelState): boolean {
  if (before.gone !== next.gone || before.clients.length !== next.clients.length) return true;
  return before.clients.some((client, index) => {
    const other = next.clients[index];
    return client.id !== other?.id || client.isReading !== other.isReading;
  });
}

/** The tunnel's snapshot with its ranges as far as their channels have come. */
function createCut({ document, channels }: Tunnel, table: Table): BaseCut | null {
  if (document.cut === null) return null;
  const ranges: BaseCut["ranges"] = [];
  for (const channel of channels.values()) {
    const { id, source } = channel;
    if (source.kind !== "base") continue;
    ranges.push({
      channelId: id,
      start: Buffer.from(source.start, "hex"),
      end: Buffer.from(source.end, "hex"),
      ...progressOf(channel, table),
    });
  }
  return { ...document.cut, tableId: document.tableId, ranges };
}

function progressOf(
  channel: ChannelDocument,
  table: Table,
): { done: boolean; passed: Buffer | null } {
  const done = channel.status === "terminated" || channel.token === finishedToken;
  if (done) return { done, passed: null };
  const position = readPosition(channel.token, { kind: "base", schema: table.schema });
  return { done, passed: position.kind === "base" ? position.afterKey : null };
}
