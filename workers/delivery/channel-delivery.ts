import { startDelivery, stepDelivery } from "@/lib/core/delivery";
import type { Command, DeliveryState, Fact, Step } from "@/lib/core/delivery-state";
import { type AppError, toAppError } from "@/lib/core/error";
import type { ClaimedChannel, ErrorFact, Ledger } from "@/lib/core/ports/ledger";
import { isWorthShowing, retryDelayMs } from "@/lib/core/retry-policy";
import type { Clock } from "@/lib/platform/clock";
import type { ChannelCommands } from "./channel-commands";
import type { ChannelTags, DeliveryEvents } from "./events";

export type ChannelDeliveryOptions = {
  readonly claim: ClaimedChannel;
  readonly ledger: Pick<Ledger, "saveChannelError" | "releaseChannel">;
  /**
   * Loads what the commands need, and says where to begin; null when the task is gone or another worker
   * owns the channel. Asked again when it fails.
   */
  readonly open: () => Promise<{ commands: ChannelCommands; claim: ClaimedChannel } | null>;
  readonly events: DeliveryEvents;
  readonly clock: Clock;
  readonly random: () => number;
};

type SavedError = "saved" | "fenced" | "unknown";
type Opened = { readonly commands: ChannelCommands; step: Step };

/**
 * The loop of one channel: executes the machine's command, feeds back the fact. It decides nothing.
 * Every throw becomes a `failed` fact; the machine says when to try again. Whatever happens, the loop
 * ends by giving the channel back: one that nobody reads and somebody owns would stand still for good.
 */
export class ChannelDelivery {
  readonly claim: ClaimedChannel;
  /** Resolves when the loop has ended and holds nothing any more. Never rejects. */
  readonly done: Promise<void>;
  readonly #o: ChannelDeliveryOptions;
  readonly #tags: ChannelTags;
  readonly #abandoned = new AbortController();
  #wait = new AbortController();
  #wanted: "release" | "delete" | null = null;
  #commands: ChannelCommands | null = null;
  /** What an earlier owner left in the error facts is cleared by the first success. */
  #errorShown: boolean;

  constructor(options: ChannelDeliveryOptions) {
    this.#o = options;
    this.claim = options.claim;
    this.#errorShown = options.claim.showsError;
    const { taskName, channelId, lane, epoch } = options.claim;
    this.#tags = { task: taskName, channel: channelId, lane, epoch };
    this.done = this.#run()
      .catch((thrown) => this.#pauseAfterBug(toAppError(thrown)))
      .then(() => this.#end());
  }

  /** `release` delivers what is open first; `delete` drops it; `abandon` stops where it stands. */
  stop(how: "release" | "delete" | "abandon"): void {
    if (how === "abandon") this.#abandoned.abort();
    else this.#wanted = how;
    this.#wait.abort();
  }

  async #run(): Promise<void> {
    const opened = await this.#begin();
    if (!opened) return;
    const { commands } = opened;
    let { step } = opened;
    while (!this.#abandoned.signal.aborted) {
      if (this.#wanted) {
        const how = this.#wanted;
        this.#wanted = null;
        step = stepDelivery(step.state, { kind: "stopRequested", how }, commands.limits);
      }
      const { state, command } = step;
      if (command.kind === "stop") {
        this.#o.events.channelStopped({ ...this.#tags, why: command.why });
        // Somebody else owns the channel: there is nothing to give back.
        if (command.why === "fenced") this.#abandoned.abort();
        return;
      }
      step = stepDelivery(state, await this.#factOf(commands, state, command), commands.limits);
    }
  }

  /** What an earlier owner decided is loaded before the first command; database and source may be away. */
  async #begin(): Promise<Opened | null> {
    const { open, events, clock, random } = this.#o;
    for (let attempt = 1; !this.#abandoned.signal.aborted && this.#wanted === null; attempt += 1) {
      try {
        const opened = await open();
        if (!opened) return null;
        const { commands, claim } = opened;
        this.#commands = commands;
        const unacked = await commands.loadUnacked();
        const { batchNumber } = claim;
        events.channelClaimed({ ...this.#tags, batchNumber, unacked: unacked.length });
        return { commands, step: startDelivery({ ...claim, unacked, nowMs: clock.monotonic() }) };
      } catch (thrown) {
        const error = toAppError(thrown);
        const untilMs = clock.monotonic() + retryDelayMs(error.fault, attempt, random());
        this.#report("load", attempt, error);
        if ((await this.#showError(error, attempt, untilMs)) === "fenced") return null;
        await this.#pause(untilMs);
      }
    }
    return null;
  }

  /** What is open cannot be trusted any more. The next claim reads it again, and may well meet the same bug. */
  async #pauseAfterBug(error: AppError): Promise<void> {
    const { clock, random } = this.#o;
    this.#report("loop", 1, error);
    await this.#dropOpen();
    const untilMs = clock.monotonic() + retryDelayMs("internal", 1, random());
    await this.#showError(error, 1, untilMs);
    await this.#pause(untilMs);
  }

  async #end(): Promise<void> {
    await this.#dropOpen();
    if (this.#abandoned.signal.aborted) return;
    const { ledger, claim } = this.#o;
    // Not released is only slower: the worker gives back what it does not run.
    await ledger
      .releaseChannel(claim)
      .catch((thrown) => this.#report("release", 0, toAppError(thrown)));
  }

  async #dropOpen(): Promise<void> {
    await this.#commands?.dropOpen().catch((thrown) => this.#report("drop", 0, toAppError(thrown)));
  }

  async #factOf(
    commands: ChannelCommands,
    state: DeliveryState,
    command: Exclude<Command, { kind: "stop" }>,
  ): Promise<Fact> {
    const { clock, random } = this.#o;
    try {
      if (command.kind === "wait") {
        await this.#pause(command.untilMs);
        return { kind: "elapsed", nowMs: clock.monotonic() };
      }
      // Between the look at what is wanted and this there is no pause, so no wish is missed.
      this.#wait = new AbortController();
      const fact = await commands.execute(command, this.#wait.signal);
      const isAnswered = fact.kind !== "pageRead" || fact.tookMs !== null;
      if (isAnswered) await this.#showHealthy();
      return fact;
    } catch (thrown) {
      const error = toAppError(thrown);
      if (commands.isSpoiled) throw error;
      const attempt = state.failures + 1;
      this.#report(command.kind, attempt, error);
      const { code, fault } = error;
      const when = { fault, nowMs: clock.monotonic(), jitter: random() };
      const fact: Fact = commands.takeOpenLost()
        ? { kind: "openLost", ...when }
        : { kind: "failed", code, ...when };
      const next = stepDelivery(state, fact, commands.limits).command;
      // Sealed instead of tried again: the channel goes on, and meets the failure again if it lasts.
      if (next.kind === "stage") return fact;
      const nextTryAtMs = next.kind === "wait" ? next.untilMs : null;
      const shown = await this.#showError(error, attempt, nextTryAtMs);
      // A zombie fails for ever where its heir has gone on: what it wants to read was acked and is gone.
      return shown === "fenced" ? { kind: "fenced" } : fact;
    }
  }

  /** Sleeps until then, or until a stop is asked for. */
  async #pause(untilMs: number): Promise<void> {
    this.#wait = new AbortController();
    if (this.#wanted || this.#abandoned.signal.aborted) return;
    const { clock } = this.#o;
    await clock.sleep(Math.max(0, untilMs - clock.monotonic()), this.#wait.signal);
  }

  async #showError(
    error: AppError,
    attempt: number,
    nextTryAtMs: number | null,
  ): Promise<SavedError> {
    if (!isWorthShowing(error.fault, attempt)) return "unknown";
    const { clock } = this.#o;
    // Loops keep to the clock that never steps; people read the one on the wall.
    const nextTryAt =
      nextTryAtMs === null ? null : new Date(clock.now() + nextTryAtMs - clock.monotonic());
    this.#errorShown = true;
    return this.#saveError({ code: error.code, details: error.details, attempt, nextTryAt });
  }

  async #showHealthy(): Promise<void> {
    if (this.#errorShown && (await this.#saveError(null)) === "saved") this.#errorShown = false;
  }

  /** Error facts are for people: that they cannot be stored must not stop a delivery that could go on. */
  async #saveError(error: ErrorFact | null): Promise<SavedError> {
    try {
      return await this.#o.ledger.saveChannelError({ lease: this.claim, error });
    } catch (thrown) {
      this.#report("save error", 0, toAppError(thrown));
      return "unknown";
    }
  }

  #report(command: string, attempt: number, error: AppError): void {
    this.#o.events.commandFailed({ ...this.#tags, command, attempt }, error);
  }
}
