import type { Fact, Step } from "@/lib/core/delivery";
import { startDelivery, stepDelivery } from "@/lib/core/delivery";
import { type AppError, toAppError } from "@/lib/core/error";
import type { ClaimedChannel, ErrorFact } from "@/lib/core/ports/ledger";
import type { Clock } from "@/lib/platform/clock";
import type { ChannelCommands } from "./channel-commands";
import type { ChannelTags, DeliveryEvents } from "./events";

/** A failure is told to people only when it lasts: a transient one this often in a row. */
const transientAttemptsBeforeShown = 3;

export type ChannelDelivery = {
  readonly claim: ChannelDeliveryClaim;
  /** Resolves when the loop has ended and holds nothing any more. Never rejects. */
  readonly done: Promise<void>;
  /** `release` delivers what is open first; `delete` drops it; `abandon` stops where it stands. */
  readonly stop: (how: "release" | "delete" | "abandon") => void;
};

export type ChannelDeliveryClaim = ClaimedChannel & { readonly taskName: string };

/**
 * The loop of one channel: executes the machine's command, feeds back the fact. It decides nothing.
 * Every throw becomes a `failed` fact; the machine says when to try again.
 */
export function deliverChannel(options: {
  claim: ChannelDeliveryClaim;
  commands: ChannelCommands;
  events: DeliveryEvents;
  clock: Clock;
  random: () => number;
}): ChannelDelivery {
  const { claim, commands, events, clock } = options;
  const tags: ChannelTags = { task: claim.taskName, channel: claim.channelId, lane: claim.lane, epoch: claim.epoch };
  let wanted: "release" | "delete" | null = null;
  const abandoned = new AbortController();
  let interruptWait = new AbortController();
  let shownError = true;

  const done = run().catch((thrown) => events.commandFailed({ ...tags, command: "loop", attempt: 0 }, toAppError(thrown)));
  return {
    claim,
    done,
    stop(how) {
      if (how === "abandon") abandoned.abort();
      else wanted = how;
      interruptWait.abort();
    },
  };

  async function run(): Promise<void> {
    let step = await begin();
    if (!step && !abandoned.signal.aborted) await commands.release().catch(() => undefined);
    while (step && !abandoned.signal.aborted) {
      if (wanted) {
        step = stepDelivery(step.state, { kind: "stopRequested", how: wanted }, commands.limits);
        wanted = null;
      }
      if (step.command.kind === "stop") {
        events.channelStopped({ ...tags, why: step.command.why });
        if (step.command.why !== "fenced") await commands.release().catch(() => undefined);
        break;
      }
      const fact: Fact = await factOf(step);
      step = stepDelivery(step.state, fact, commands.limits);
    }
    await commands.dropOpen();
  }

  /** What an earlier owner decided is loaded before the first command; the database may be away. */
  async function begin(): Promise<Step | null> {
    for (let attempt = 1; !abandoned.signal.aborted && wanted === null; attempt += 1) {
      try {
        const unacked = await commands.loadUnacked();
        events.channelClaimed({ ...tags, batchNumber: claim.batchNumber, unacked: unacked.length });
        return startDelivery({ ...claim, unacked, nowMs: clock.now() });
      } catch (thrown) {
        events.commandFailed({ ...tags, command: "load", attempt }, toAppError(thrown));
        await pause(clock.now() + 500);
      }
    }
    return null;
  }

  async function factOf({ state, command }: Step): Promise<Fact> {
    try {
      if (command.kind === "wait") {
        await pause(command.untilMs);
        return { kind: "elapsed", nowMs: clock.now() };
      }
      const fact = await commands.execute(command);
      await showHealthy();
      return fact;
    } catch (thrown) {
      const error = toAppError(thrown);
      const attempt = state.failures + 1;
      events.commandFailed({ ...tags, command: command.kind, attempt }, error);
      const fact: Fact = { kind: "failed", code: error.code, fault: error.fault, nowMs: clock.now(), jitter: options.random() };
      await showError(error, attempt, fact, state);
      return fact;
    }
  }

  /** Sleeps until then, or until a stop is asked for. */
  async function pause(untilMs: number): Promise<void> {
    interruptWait = new AbortController();
    if (wanted || abandoned.signal.aborted) return;
    await clock.sleep(Math.max(0, untilMs - clock.now()), interruptWait.signal);
  }

  async function showError(error: AppError, attempt: number, fact: Fact, state: Step["state"]): Promise<void> {
    if (error.fault === "transient" && attempt < transientAttemptsBeforeShown) return;
    const next = stepDelivery(state, fact, commands.limits).command;
    const nextTryAt = next.kind === "wait" ? new Date(next.untilMs) : null;
    await saveError({ code: error.code, details: error.details, attempt, nextTryAt });
    shownError = true;
  }

  async function showHealthy(): Promise<void> {
    if (!shownError) return;
    await saveError(null);
    shownError = false;
  }

  /** Error facts are for people: that they cannot be stored must not stop a delivery that could go on. */
  async function saveError(error: ErrorFact | null): Promise<void> {
    await commands.saveError(error).catch((thrown) =>
      events.commandFailed({ ...tags, command: "save error", attempt: 0 }, toAppError(thrown)),
    );
  }
}
