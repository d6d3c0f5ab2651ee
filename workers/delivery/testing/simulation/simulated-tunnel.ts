import { AppError } from "@/lib/core/error";
import type {
  ChannelKind,
  ChannelReport,
  ChannelStatus,
  RecordPage,
  Tunnel,
  TunnelCheckpoint,
  TunnelDescription,
} from "@/lib/core/ports/table-source";
import { decideCheckpoint } from "@/workers/tablestore/tunnels/checkpoint";
import {
  admitClient,
  beat,
  connectClient,
  shutDownClient,
  splitChannel,
  stageOf,
  type TunnelState,
} from "@/workers/tablestore/tunnels/tunnel-state";
import { SimulatedPage, type SimulatedRecord } from "./simulated-records";

const finishedToken = "finished";
/** Shorter than any worker asks for: nobody wants to wait for it here. */
const clientTimeoutMs = 10_000;

/** What is kept of one channel. What was acked is trimmed: nobody can read it again. */
export class SimulatedChannel {
  readonly channelId: string;
  readonly kind: ChannelKind;
  readonly parent: SimulatedChannel | null;
  records: SimulatedRecord[];
  /** Nothing follows the last record: a base channel, or a stream that was split. */
  hasEnd: boolean;
  /** Records before this one are gone. */
  trimmed = 0;
  /** Records before this one were read by somebody. */
  readThrough = 0;
  /** When record number n was first read. */
  readonly readAtMs: number[] = [];
  checkpoint = "0";
  sequenceNumber = 0n;
  #emptyReads = 0;

  constructor(
    channelId: string,
    kind: ChannelKind,
    records: SimulatedRecord[],
    parent: SimulatedChannel | null = null,
  ) {
    this.channelId = channelId;
    this.kind = kind;
    this.records = records;
    this.parent = parent;
    this.hasEnd = kind === "base";
  }

  read(token: string, recordsMax: number, nowMs: number): RecordPage {
    const nothing = { records: [], next: finishedToken, finished: true, mayHaveMore: false };
    if (token === finishedToken) return new SimulatedPage(nothing);
    const from = this.consumedBy(token);
    if (from < this.trimmed)
      throw new AppError("source.tunnel_expired", `Records before ${this.trimmed} are gone`);
    const written = this.writtenBy(nowMs);
    const records = this.records.slice(from, Math.min(from + recordsMax, written));
    const end = from + records.length;
    for (let at = this.readThrough; at < end; at += 1) this.readAtMs[at] = nowMs;
    this.readThrough = Math.max(this.readThrough, end);
    // The end is seen by a read of its own as often as with the last records.
    const finished =
      this.hasEnd && end === this.records.length && (records.length === 0 || recordsMax % 2 === 0);
    const mayHaveMore = end < written;
    return new SimulatedPage({ records, next: this.#tokenAt(end, records), finished, mayHaveMore });
  }

  /** A position moves on by time alone now and then, as one of a stream does. */
  #tokenAt(end: number, records: readonly SimulatedRecord[]): string {
    if (this.hasEnd && end === this.records.length)
      return records.length > 0 ? String(end) : finishedToken;
    if (records.length > 0 || this.kind === "base") return String(end);
    this.#emptyReads += 1;
    return `${end}.${this.#emptyReads}`;
  }

  writtenBy(nowMs: number): number {
    const next = this.records.findIndex(({ writtenAtMs }) => writtenAtMs > nowMs);
    return next < 0 ? this.records.length : next;
  }

  /** A repetition of the stored checkpoint counts as success: the adapter looks which one is stored. */
  write({ checkpoint, sequenceNumber }: TunnelCheckpoint): void {
    const stored = { token: this.checkpoint, sequenceNumber: Number(this.sequenceNumber) };
    if (decideCheckpoint(stored, { token: checkpoint, sequenceNumber }) === "store") {
      this.checkpoint = checkpoint;
      this.sequenceNumber = sequenceNumber;
      this.trimmed = Math.max(this.trimmed, this.consumedBy(checkpoint));
    } else if (checkpoint !== this.checkpoint) {
      throw new AppError("source.checkpoint_ahead", "Another checkpoint is stored");
    }
  }

  /** How many of its records lie before the position. */
  consumedBy(token: string): number {
    return token === finishedToken ? this.records.length : Math.floor(Number(token));
  }
}

const statusOf: Readonly<
  Record<TunnelState["channels"][number]["status"], ChannelStatus | "waiting">
> = {
  ...{ wait: "waiting", open: "open", closing: "closing", close: "closed" },
  terminated: "terminated",
};

/** The source's side of one tunnel: the embedded table store's own rules of who reads what, over records in memory. */
export class SimulatedTunnel implements Tunnel {
  readonly channels = new Map<string, SimulatedChannel>();
  isDeleted = false;
  /** How many records a read gives at most. */
  readonly #recordsMax: () => number;
  readonly #nowMs: () => number;
  #state: TunnelState = { channels: [], clients: [], gone: [] };
  #clients = 0;

  constructor(
    channels: readonly SimulatedChannel[],
    options: { nowMs: () => number; recordsMax: () => number },
  ) {
    this.#nowMs = options.nowMs;
    this.#recordsMax = options.recordsMax;
    for (const channel of channels) this.channels.set(channel.channelId, channel);
    this.#state = { ...this.#state, channels: channels.map((channel) => this.#waiting(channel)) };
  }

  async connect(): Promise<string> {
    this.#clients += 1;
    const id = `client-${this.#clients}`;
    this.#state = connectClient(this.#state, { id, timeoutMs: clientTimeoutMs }, this.#nowMs());
    return id;
  }

  async heartbeat(clientId: string, reports: readonly ChannelReport[]): Promise<ChannelReport[]> {
    const wire = reports.map(({ channelId, version, status }) => ({
      ...{ id: channelId, version: Number(version) },
      status: status === "closed" ? ("close" as const) : status,
    }));
    const { state, answer } = beat(this.#state, clientId, wire, this.#nowMs());
    this.#state = state;
    if (answer === null) throw clientGone();
    return answer.map(({ id, version, status }) => ({
      ...{ channelId: id, version: BigInt(version) },
      status: status === "close" ? ("closed" as const) : status,
    }));
  }

  async describe(): Promise<TunnelDescription> {
    const channels = this.#state.channels.map(({ id, kind, status, owner }) => ({
      ...{ channelId: id, kind, status: statusOf[status], clientId: owner },
      ...{ consumedThroughMs: kind === "stream" ? this.#nowMs() : null, rows: null },
    }));
    return { stage: stageOf(this.#state.channels), expired: false, channels };
  }

  async readCheckpoint(clientId: string, channelId: string): Promise<TunnelCheckpoint> {
    this.#admit(clientId);
    const { checkpoint, sequenceNumber } = this.channel(channelId);
    return { checkpoint, sequenceNumber };
  }

  async writeCheckpoint(
    clientId: string,
    channelId: string,
    position: TunnelCheckpoint,
  ): Promise<void> {
    this.#admit(clientId);
    this.channel(channelId).write(position);
  }

  async readRecords(clientId: string, channelId: string, token: string): Promise<RecordPage> {
    this.#admit(clientId);
    return this.channel(channelId).read(token, this.#recordsMax(), this.#nowMs());
  }

  async shutdown(clientId: string): Promise<void> {
    this.#state = shutDownClient(this.#state, clientId);
  }

  channel(channelId: string): SimulatedChannel {
    const channel = this.channels.get(channelId);
    if (!channel) throw new Error(`No channel ${channelId}`);
    return channel;
  }

  statusOf(channelId: string): ChannelStatus | "waiting" {
    const channel = this.#state.channels.find(({ id }) => id === channelId);
    return channel ? statusOf[channel.status] : "waiting";
  }

  /** The service drops its clients, as after too long a silence. */
  forgetClients(): boolean {
    const { clients } = this.#state;
    for (const { id } of clients) this.#state = shutDownClient(this.#state, id);
    return clients.length > 0;
  }

  /** What is not written yet goes to two children, which nobody may read before the parent's end. */
  split(parent: SimulatedChannel): void {
    const later = parent.records.splice(parent.writtenBy(this.#nowMs()));
    parent.hasEnd = true;
    const children = [0, 1].map((half) => {
      const records = later.filter((_, index) => index % 2 === half);
      return new SimulatedChannel(`${parent.channelId}.${half}`, "stream", records, parent);
    });
    for (const child of children) this.channels.set(child.channelId, child);
    const waiting = children.map((child) => this.#waiting(child));
    this.#state = splitChannel(this.#state, parent.channelId, waiting);
  }

  #waiting({ channelId, kind, parent, hasEnd }: SimulatedChannel) {
    return {
      ...{ id: channelId, kind, status: "wait" as const, version: 1, owner: null, hasEnd },
      parents: parent ? [parent.channelId] : [],
    };
  }

  #admit(clientId: string): void {
    if (this.isDeleted) throw new AppError("source.tunnel_missing", "The tunnel is gone");
    const admitted = admitClient(this.#state, clientId, this.#nowMs());
    if (admitted === null) throw clientGone();
    this.#state = admitted;
  }
}

function clientGone(): AppError {
  return new AppError("source.client_gone", "The client is gone");
}
