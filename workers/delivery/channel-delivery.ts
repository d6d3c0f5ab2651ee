import { startDelivery, stepDelivery } from "@/lib/core/delivery";
import type { Command, DeliveryState, Fact, Step } from "@/lib/core/delivery-state";
import { type AppError, toAppError } from "@/lib/core/error";
import type { ClaimedChannel, ErrorFact } from "@/lib/core/ports/ledger";
import type { TaskSettings } from "@/lib/core/task";
import type { Clock } from "@/lib/platform/clock";
import type { ChannelCommands } from "./channel-commands";
import type { ChannelTags, DeliveryEvents } from "./events";

/** A failure is told to people only when it lasts: a transient one this often in a row. */
const transientAttemptsBeforeShown = 3;
const loadRetryMs = 500;

export type ChannelDeliveryClaim = ClaimedChannel & { readonly taskName: string };

export type ChannelDeliveryOptions = {
  readonly claim: ChannelDeliveryClaim;
  readonly settings: TaskSettings;
  readonly commands: ChannelCommands;
  readonly events: DeliveryEvents;
  readonly clock: Clock;
  readonly random: () => number;
};

/**
 * The loop of one channel: executes the machine's command, feeds back the fact. It decides nothing.
 * Every throw becomes a `failed` fact; the machine says when to try again.
 */
export class ChannelDelivery {
  readonly claim: ChannelDeliveryClaim;
  /** What its task's settings were at the claim; another loop takes over when they change. */
  readonly settings: TaskSettings;
  /** Resolves when the loop has ended and holds nothing any more. Never rejects. */
  readonly done: Promise<void>;
  readonly #o: ChannelDeliveryOptions;
  readonly #tags: ChannelTags;
  readonly #abandoned = new AbortController();
  #wait = new AbortController();
  #wanted: "release" | "delete" | null = null;
  /** Starts true: what an earlier owner left in the error facts is cleared by the first success. */
  #errorShown = true;

  constructor(options: ChannelDeliveryOptions) {
    this.#o = options;
    this.claim = options.claim;
    this.settings = options.settings;
    const { taskName, channelId, lane, epoch } = options.claim;
    this.#tags = { task: taskName, channel: channelId, lane, epoch };
    this.done = this.#run().catch((thrown) => this.#report("loop", 0, toAppError(thrown)));
  }

  /** `release` delivers what is open first; `delete` drops it; `abandon` stops where it stands. */
  stop(how: "release" | "delete" | "abandon"): void {
    if (how === "abandon") this.#abandoned.abort();
    else this.#wanted = how;
    this.#wait.abort();
  }

  async #run(): Promise<void> {
    const { commands, events } = this.#o;
    let step = await this.#begin();
    while (step && !this.#abandoned.signal.aborted) {
      if (this.#wanted) {
        const how = this.#wanted;
        this.#wanted = null;
        step = stepDelivery(step.state, { kind: "stopRequested", how }, commands.limits);
      }
      const { state, command } = step;
      if (command.kind === "stop") {
        events.channelStopped({ ...this.#tags, why: command.why });
        await this.#end(command.why !== "fenced");
        return;
      }
      step = stepDelivery(state, await this.#factOf(state, command), commands.limits);
    }
    await this.#end(!this.#abandoned.signal.aborted);
  }

  /** What an earlier owner decided is loaded before the first command; the database may be away. */
  async #begin(): Promise<Step | null> {
    const { claim, commands, events, clock } = this.#o;
    for (let attempt = 1; !this.#abandoned.signal.aborted && this.#wanted === null; attempt += 1) {
      try {
        const unacked = await commands.loadUnacked();
        const { batchNumber } = claim;
        events.channelClaimed({ ...this.#tags, batchNumber, unacked: unacked.length });
        return startDelivery({ ...claim, unacked, nowMs: clock.now() });
      } catch (thrown) {
        this.#report("load", attempt, toAppError(thrown));
        await this.#pause(clock.now() + loadRetryMs);
      }
    }
    return null;
  }

  async #end(release: boolean): Promise<void> {
    const { commands } = this.#o;
    await commands.dropOpen().catch((thrown) => this.#report("drop", 0, toAppError(thrown)));
    if (!release) return;
    // Not released is only slower: the next owner waits for this worker's lease.
    await commands.release().catch((thrown) => this.#report("release", 0, toAppError(thrown)));
  }

  async #factOf(state: DeliveryState, command: Exclude<Command, { kind: "stop" }>): Promise<Fact> {
    const { clock, commands, random } = this.#o;
    try {
      if (command.kind === "wait") {
        await this.#pause(command.untilMs);
        return { kind: "elapsed", nowMs: clock.now() };
      }
      const fact = await commands.execute(command);
      await this.#showHealthy();
      return fact;
    } catch (thrown) {
      const error = toAppError(thrown);
      const attempt = state.failures + 1;
      this.#report(command.kind, attempt, error);
      const { code, fault } = error;
      const fact: Fact = { kind: "failed", code, fault, nowMs: clock.now(), jitter: random() };
      await this.#showError(error, attempt, stepDelivery(state, fact, commands.limits).command);
      return fact;
    }
  }

  /** Sleeps until then, or until a stop is asked for. */
  async #pause(untilMs: number): Promise<void> {
    this.#wait = new AbortController();
    if (this.#wanted || this.#abandoned.signal.aborted) return;
    const { clock } = this.#o;
    await clock.sleep(Math.max(0, untilMs - clock.now()), this.#wait.signal);
  }

  async #showError(error: AppError, attempt: number, next: Command): Promise<void> {
    if (error.fault === "transient" && attempt < transientAttemptsBeforeShown) return;
    const nextTryAt = next.kind === "wait" ? new Date(next.untilMs) : null;
    await this.#saveError({ code: error.code, details: error.details, attempt, nextTryAt });
    this.#errorShown = true;
  }

  async #showHealthy(): Promise<void> {
    if (!this.#errorShown) return;
    await this.#saveError(null);
    this.#errorShown = false;
  }

  /** Error facts are for people: that they cannot be stored must not stop a delivery that could go on. */
  async #saveError(error: ErrorFact | null): Promise<void> {
    await this.#o.commands
      .saveError(error)
      .catch((thrown) => this.#report("save error", 0, toAppError(thrown)));
  }

  #report(command: string, attempt: number, error: AppError): void {
    this.#o.events.commandFailed({ ...this.#tags, command, attempt }, error);
  }
}
