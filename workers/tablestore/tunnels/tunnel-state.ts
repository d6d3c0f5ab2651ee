import { checkLimit, limits } from "../limits";

/**
 * Who reads which channel of a tunnel (reference: wire protocol 4.4). Pure: facts and the time in,
 * the next state and the answer out.
 *
 *            assign                rebalance              client lets go
 *   wait ───────────────▶ open ───────────────▶ closing ───────────────▶ close ──▶ (assign)
 *                          │  client lets go, or is gone ─────────────────▲
 *                          └──────────── read to the end ──────────▶ terminated
 *
 * S1 Every change of a channel raises its version, so no client mistakes it for what it knows.
 * S2 A channel has at most one owner; only `open` and `closing` ones have one.
 * S3 Stream channels wait until every base channel is terminated, and until their parents are.
 * S4 A client is told of its own `open` and `closing` channels and of nothing else.
 * S5 `terminated` is for ever.
 * S6 Live clients' shares differ by one at most once nothing is under way.
 */
export type ChannelStatus = "wait" | "open" | "closing" | "close" | "terminated";

export type ChannelState = {
  readonly id: string;
  readonly kind: "base" | "stream";
  readonly status: ChannelStatus;
  readonly version: number;
  readonly owner: string | null;
  /** Channels that must be terminated before this one is read. */
  readonly parents: readonly string[];
  /**
   * Whether the channel has an end that a client can reach. Of one that has none, "terminated" is
   * not believed: it would lose every later record.
   */
  readonly hasEnd: boolean;
};

export type ClientState = {
  readonly id: string;
  readonly timeoutMs: number;
  readonly lastSeenMs: number;
  /** It asked for channels at least once; before that it is given none. */
  readonly isReading: boolean;
};

export type TunnelState = {
  readonly channels: readonly ChannelState[];
  /** In the order in which they came. */
  readonly clients: readonly ClientState[];
  /** Clients that shut down or timed out: these ids never come back. The oldest are forgotten. */
  readonly gone: readonly string[];
};

export type ReportedStatus = "open" | "closing" | "close" | "terminated";
export type ChannelReport = {
  readonly id: string;
  readonly version: number;
  readonly status: ReportedStatus;
};

export type Heartbeat = {
  readonly state: TunnelState;
  /** What the client is to hold; null when the client is gone and has to connect again. */
  readonly answer: readonly ChannelReport[] | null;
};

/** For clients that are adopted: nobody knows what they had asked for. */
export const defaultClientTimeoutMs = 300_000;
const goneMax = 1000;

/** Takes a client's heartbeat: what it reports, who has timed out, who reads what from now on. */
export function beat(
  state: TunnelState,
  clientId: string,
  reports: readonly ChannelReport[],
  nowMs: number,
): Heartbeat {
  const expired = expireClients(state, nowMs);
  const admitted = admitClient(expired, clientId, nowMs);
  if (admitted === null) return { state: expired, answer: null };
  const clients = admitted.clients.map((client) =>
    client.id === clientId ? { ...client, lastSeenMs: nowMs, isReading: true } : client,
  );
  const reported = { ...admitted, clients, channels: applyReports(admitted, clientId, reports) };
  const next = { ...reported, channels: schedule(reported) };
  return { state: next, answer: answerFor(next, clientId) };
}

export function connectClient(
  state: TunnelState,
  client: { readonly id: string; readonly timeoutMs: number },
  nowMs: number,
): TunnelState {
  const expired = expireClients(state, nowMs);
  checkLimit(limits.clients, expired.clients.length + 1);
  const joined = { ...client, lastSeenMs: nowMs, isReading: false };
  return { ...expired, clients: [...expired.clients, joined] };
}

/**
 * A call other than a heartbeat. A client that is not known, as after a restart, is taken in with
 * the default time-out; null for one that is gone or one too many, and time-outs are noticed here
 * too.
 */
export function admitClient(
  state: TunnelState,
  clientId: string,
  nowMs: number,
): TunnelState | null {
  if (state.gone.includes(clientId)) return null;
  const known = state.clients.find(({ id }) => id === clientId);
  if (known !== undefined) return isExpired(known, nowMs) ? null : state;
  if (state.clients.length >= limits.clients.max) return null;
  const adopted = {
    id: clientId,
    timeoutMs: defaultClientTimeoutMs,
    lastSeenMs: nowMs,
    isReading: false,
  };
  return { ...state, clients: [...state.clients, adopted] };
}

/** The client says good-bye: its channels are free at once. */
export function shutDownClient(state: TunnelState, clientId: string): TunnelState {
  return removeClients(state, (client) => client.id === clientId);
}

/** Frees the channels of clients that have been silent for too long. */
export function expireClients(state: TunnelState, nowMs: number): TunnelState {
  return removeClients(state, (client) => isExpired(client, nowMs));
}

/** Ends a channel whose reader has checkpointed its end. */
export function terminateChannel(state: TunnelState, channelId: string): TunnelState {
  return {
    ...state,
    channels: state.channels.map((channel) =>
      channel.id === channelId ? changed(channel, "terminated", null) : channel,
    ),
  };
}

/** The parent has got an end, and `children` follow it. */
export function splitChannel(
  state: TunnelState,
  parentId: string,
  children: readonly ChannelState[],
): TunnelState {
  const channels = state.channels.map((channel) =>
    channel.id === parentId ? { ...channel, hasEnd: true } : channel,
  );
  return { ...state, channels: [...channels, ...children] };
}

/** Where a tunnel with these channels stands. */
export function stageOf(channels: readonly ChannelState[]): "base" | "stream" {
  const isBase = channels.some(({ kind, status }) => kind === "base" && status !== "terminated");
  return isBase ? "base" : "stream";
}

function isExpired(client: ClientState, nowMs: number): boolean {
  return nowMs - client.lastSeenMs > client.timeoutMs;
}

function removeClients(
  state: TunnelState,
  isLeaving: (client: ClientState) => boolean,
): TunnelState {
  const leaving = state.clients.filter(isLeaving).map(({ id }) => id);
  if (leaving.length === 0) return state;
  return {
    clients: state.clients.filter(({ id }) => !leaving.includes(id)),
    gone: [...state.gone, ...leaving].slice(-goneMax),
    channels: state.channels.map((channel) =>
      channel.owner !== null && leaving.includes(channel.owner)
        ? changed(channel, "close", null)
        : channel,
    ),
  };
}

/** The channel in another state, with a version that nobody has seen. */
function changed(channel: ChannelState, status: ChannelStatus, owner: string | null): ChannelState {
  if (channel.status === "terminated") return channel;
  return { ...channel, status, owner, version: channel.version + 1 };
}

function applyReports(
  state: TunnelState,
  clientId: string,
  reports: readonly ChannelReport[],
): ChannelState[] {
  const reportOf = new Map(reports.map((report) => [report.id, report]));
  return state.channels.map((channel) => {
    const report = reportOf.get(channel.id);
    return report === undefined ? channel : applyReport(channel, clientId, report);
  });
}

/** Only the owner's word counts, and only when it is newer than what is known. */
function applyReport(
  channel: ChannelState,
  clientId: string,
  { version, status }: ChannelReport,
): ChannelState {
  if (channel.status === "terminated" || channel.owner !== clientId) return channel;
  if (version <= channel.version) return channel;
  switch (status) {
    case "terminated":
      return channel.hasEnd
        ? { ...channel, version, status, owner: null }
        : { ...channel, version, status: "close", owner: null };
    case "close":
      return { ...channel, version, status, owner: null };
    case "open":
    case "closing":
      return { ...channel, version, status };
  }
}

/** Gives free channels to whoever has least, then takes from whoever has too much. */
function schedule(state: TunnelState): ChannelState[] {
  const shares = new Map(
    state.clients.filter(({ isReading }) => isReading).map(({ id }) => [id, 0] as const),
  );
  if (shares.size === 0) return [...state.channels];
  for (const { owner, status } of state.channels) {
    if (owner !== null && status === "open") count(shares, owner, 1);
  }
  // A channel that is being let go will go to whoever has least by then.
  for (const { status } of state.channels) {
    if (status === "closing") count(shares, leastLoaded(shares), 1);
  }
  const assigned = state.channels.map((channel) => {
    if (!isFree(channel) || !isReady(state, channel)) return channel;
    const owner = leastLoaded(shares);
    count(shares, owner, 1);
    return changed(channel, "open", owner);
  });
  return rebalance(assigned, shares);
}

function rebalance(channels: ChannelState[], shares: Map<string, number>): ChannelState[] {
  const balanced = [...channels];
  for (;;) {
    const least = leastLoaded(shares);
    const surplus = balanced.findIndex(
      ({ status, owner }) =>
        status === "open" &&
        owner !== null &&
        (shares.get(owner) ?? 0) > (shares.get(least) ?? 0) + 1,
    );
    const channel = balanced[surplus];
    if (channel === undefined || channel.owner === null) return balanced;
    balanced[surplus] = changed(channel, "closing", channel.owner);
    count(shares, channel.owner, -1);
    count(shares, least, 1);
  }
}

function isFree({ status }: ChannelState): boolean {
  return status === "wait" || status === "close";
}

/** Whether everything that has to be read before the channel has been read. */
function isReady({ channels }: TunnelState, channel: ChannelState): boolean {
  if (channel.kind === "base") return true;
  return channels.every(
    ({ id, kind, status }) =>
      status === "terminated" || !(kind === "base" || channel.parents.includes(id)),
  );
}

function leastLoaded(shares: ReadonlyMap<string, number>): string {
  let least = "";
  let load = Number.POSITIVE_INFINITY;
  for (const [id, share] of shares) {
    if (share < load) {
      least = id;
      load = share;
    }
  }
  return least;
}

function count(shares: Map<string, number>, id: string, by: number): void {
  shares.set(id, (shares.get(id) ?? 0) + by);
}

function answerFor({ channels }: TunnelState, clientId: string): ChannelReport[] {
  const answer: ChannelReport[] = [];
  for (const { id, version, status, owner } of channels) {
    if (owner !== clientId) continue;
    if (status === "open" || status === "closing") answer.push({ id, version, status });
  }
  return answer;
}
