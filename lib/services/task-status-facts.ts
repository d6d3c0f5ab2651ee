import type { ChannelFacts, TaskFacts } from "@/lib/core/task-status";
import type { TaskOverview } from "@/lib/db/task-overviews";

type Surroundings = { readonly isWorkerAlive: boolean; readonly nowMs: number };

/** What the status is derived from, of one line of the overview query. */
export function statusFactsOf(
  {
    settings,
    desiredState,
    lateAfterSeconds,
    streamExpirationHours,
    createdAt,
    facts,
  }: TaskOverview,
  { isWorkerAlive, nowMs }: Surroundings,
): TaskFacts {
  return {
    desiredState,
    mode: settings.mode,
    stage: facts.stage,
    createdAtMs: createdAt.getTime(),
    initialisedAtMs: facts.initialisedAt?.getTime() ?? null,
    completedAtMs: facts.completedAt?.getTime() ?? null,
    channels: channelsOf(facts),
    errors: facts.errors.map(({ code, details, since, attempt, nextTryAt }) => ({
      code,
      details,
      sinceMs: since.getTime(),
      attempt,
      nextTryAtMs: nextTryAt?.getTime() ?? null,
    })),
    lastDeliveredAtMs: facts.lastDeliveredAt?.getTime() ?? null,
    flushSeconds: settings.flush.seconds,
    lateAfterSeconds,
    baseRowsExpected: null,
    streamExpirationHours,
    isWorkerAlive,
    nowMs,
  };
}

/**
 * The task's channels as the overview's sums describe them. A page of tasks is one query, so the
 * channels themselves are not read: the status needs how many of each kind are done, how many are
 * held, the rows of all together, and the stream channel that is furthest behind.
 */
function channelsOf(facts: TaskOverview["facts"]): ChannelFacts[] {
  const base = tally("base", facts.base);
  const stream = tally("stream", facts.stream);
  const channels = [...base, ...stream];
  const open = channels.filter(({ finished }) => !finished);
  const held = new Set(open.slice(0, facts.channelsOwned));
  const first = channels[0];
  return channels.map((channel) => ({
    ...channel,
    held: held.has(channel),
    rows: channel === first ? facts.rows : 0,
    deliveredThroughMs:
      channel.kind === "stream" && !channel.finished
        ? (facts.deliveredThrough?.getTime() ?? null)
        : null,
  }));
}

function tally(kind: "base" | "stream", count: { total: number; drained: number }): ChannelFacts[] {
  return Array.from({ length: count.total }, (_, index) => ({
    kind,
    finished: index < count.drained,
    held: false,
    rows: 0,
    deliveredThroughMs: null,
  }));
}
