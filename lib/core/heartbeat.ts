import type { ChannelKind, ChannelReport } from "./ports/table-source";

/** A channel as the database knows it. `drained`: its last batch is published and acked (or it ended without one). */
export type KnownChannel = {
  readonly channelId: string;
  readonly kind: ChannelKind;
  readonly report: ChannelReport;
  readonly drained: boolean;
};

export type HeartbeatPlan = {
  /** Channels that the tunnel gave out for the first time. */
  readonly added: readonly ChannelReport[];
  /** Status and version per known channel, where they changed. */
  readonly reports: readonly ChannelReport[];
  /** There are channels, and none of them is left to read. */
  readonly allTerminated: boolean;
  readonly kindOf: (channelId: string) => ChannelKind;
};

/** Base channels are named so by the service (reference: tunnel-service.md 2). */
const baseChannelPrefix = "BaseData_";

/**
 * What a client reports: every channel that is not over. A drained channel is told TERMINATED under the
 * next version, and only then, so that a child channel cannot overtake its parent. A channel that the
 * tunnel wants back is let go at once, CLOSE under the next version: nothing has to be finished first,
 * because positions are ours, and the tunnel gives it out again.
 */
export function planReports(known: readonly KnownChannel[]): ChannelReport[] {
  return known
    .filter(({ report }) => report.status !== "terminated")
    .map(({ report, drained }) => {
      if (drained) return { ...report, version: report.version + 1n, status: "terminated" };
      if (report.status !== "closing") return report;
      return { ...report, version: report.version + 1n, status: "closed" };
    });
}

/**
 * Merges the tunnel's answer: the higher version wins, and ties are the server's (reference:
 * tablestore-wire-protocol.md 4.3). A channel that we reported TERMINATED and that the tunnel does not
 * give out again is over. One that it does give out again later never took our word for it, as when the
 * channel was another client's at the time: it is reported again, or its children would wait for ever.
 */
export function planHeartbeat(round: {
  known: readonly KnownChannel[];
  reports: readonly ChannelReport[];
  answer: readonly ChannelReport[];
}): HeartbeatPlan {
  const before = new Map(round.known.map(({ channelId, report }) => [channelId, report]));
  const answered = new Map(round.answer.map((report) => [report.channelId, report]));
  const reported = new Map(round.reports.map((report) => [report.channelId, report]));
  const after = new Map(before);
  for (const [channelId, report] of reported) {
    const answer = answered.get(channelId);
    after.set(channelId, answer && answer.version >= report.version ? answer : report);
  }
  for (const [channelId, answer] of answered) {
    const old = before.get(channelId);
    const isBack = old && !reported.has(channelId) && answer.version >= old.version;
    if (isBack) after.set(channelId, answer);
  }
  return {
    added: round.answer.filter(
      ({ channelId, status }) => !before.has(channelId) && status === "open",
    ),
    reports: [...after.values()].filter((report) => {
      const old = before.get(report.channelId);
      return old && (old.version !== report.version || old.status !== report.status);
    }),
    allTerminated:
      after.size > 0 && [...after.values()].every(({ status }) => status === "terminated"),
    kindOf: (channelId) => (channelId.startsWith(baseChannelPrefix) ? "base" : "stream"),
  };
}
