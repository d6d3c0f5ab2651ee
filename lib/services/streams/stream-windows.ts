import type { DatasetPartition } from "@/lib/core/dataset-partition";
import type { FlushVerdict } from "@/lib/core/stream-flush";
import type { FlushSettings } from "@/lib/core/stream-session";
import { addPack, openForMs, type StreamWindow } from "@/lib/core/stream-window";
import type { StoredDataset } from "@/lib/db/datasets";
import type { DecidedPack } from "@/lib/db/decide-stream";
import type { Clock } from "@/lib/platform/clock";
import type { PackRows } from "./pack-rows";

/** What packs have to share to become one object: a dataset as it is at one schema version. */
export type WindowPlace = {
  readonly dataset: StoredDataset;
  readonly partition: DatasetPartition;
};

/** A pack that came whole and can be read. */
export type Pack = {
  readonly decided: DecidedPack;
  readonly flush: FlushSettings;
  readonly content: PackRows;
};

export type FlushOutcome =
  | {
      readonly kind: "decided";
      readonly decidedAt: Date;
      readonly object: {
        readonly commitId: string;
        readonly id: string;
        readonly key: string;
      } | null;
    }
  | {
      readonly kind: "left_out";
      readonly verdict: Exclude<FlushVerdict, "decide">;
      readonly datasetVersion: number | null;
    };

/** Decides packs as one object; settles each of them. What it throws is the answer to all others. */
export type CommitPacks = (
  place: WindowPlace,
  packs: readonly Pack[],
  settle: (pack: Pack, outcome: FlushOutcome) => void,
) => Promise<void>;

type Waiting = {
  readonly pack: Pack;
  readonly settle: (outcome: FlushOutcome) => void;
  readonly fail: (thrown: unknown) => void;
};

type OpenWindow = {
  state: StreamWindow;
  readonly waiting: Waiting[];
  /** Aborted when it is to be sealed sooner than was thought. */
  changed: AbortController;
};

/** Each takes a connection of the pool for its transaction. */
const commitsAtOnceMax = 4;

/**
 * Group commit: packs that come into one partition within the flush window are decided together, so many
 * small clients make few objects and never wait for each other's locks. Each console has windows of its
 * own; what they have in common is the database's to decide.
 */
export class StreamWindows {
  readonly #commit: CommitPacks;
  readonly #clock: Pick<Clock, "monotonic" | "sleep">;
  readonly #open = new Map<string, OpenWindow>();
  /** By session and flush id: the same pack sent again while it is on its way is the same flush (T2). */
  readonly #pending = new Map<string, { contentHash: string; outcome: Promise<FlushOutcome> }>();
  #committing = 0;
  readonly #turns: (() => void)[] = [];

  constructor(commit: CommitPacks, clock: Pick<Clock, "monotonic" | "sleep">) {
    this.#commit = commit;
    this.#clock = clock;
  }

  /** Flushes on their way to be decided. */
  get waiting(): number {
    return this.#pending.size;
  }

  /** Resolves once the pack is decided or refused; rejects when nobody could find out. */
  add(place: WindowPlace, pack: Pack): Promise<FlushOutcome> {
    const { sessionId, flushId, contentHash } = pack.decided;
    const id = `${sessionId}/${flushId}`;
    const pending = this.#pending.get(id);
    if (pending) {
      return pending.contentHash === contentHash
        ? pending.outcome
        : Promise.resolve({ kind: "left_out", verdict: "differs", datasetVersion: null });
    }
    const outcome = new Promise<FlushOutcome>((settle, fail) =>
      this.#enter(place, { pack, settle, fail }),
    ).finally(() => this.#pending.delete(id));
    this.#pending.set(id, { contentHash, outcome });
    return outcome;
  }

  #enter(place: WindowPlace, waiting: Waiting): void {
    const { dataset, partition } = place;
    const key = `${dataset.id} ${waiting.pack.decided.schemaVersion} ${partition.folder}`;
    const nowMs = this.#clock.monotonic();
    const added = { bytes: waiting.pack.decided.bytes, flush: waiting.pack.flush };
    const open = this.#open.get(key);
    if (open && openForMs(open.state, nowMs) > 0) {
      open.waiting.push(waiting);
      const before = open.state;
      open.state = addPack(before, added, nowMs);
      if (openForMs(open.state, nowMs) < openForMs(before, nowMs)) open.changed.abort();
      return;
    }
    const state = addPack(null, added, nowMs);
    const window = { state, waiting: [waiting], changed: new AbortController() };
    this.#open.set(key, window);
    void this.#run(key, place, window);
  }

  /** Never rejects: everybody in the window is told. */
  async #run(key: string, place: WindowPlace, window: OpenWindow): Promise<void> {
    for (;;) {
      const forMs = openForMs(window.state, this.#clock.monotonic());
      if (forMs === 0) break;
      window.changed = new AbortController();
      await this.#clock.sleep(forMs, window.changed.signal);
    }
    if (this.#open.get(key) === window) this.#open.delete(key);
    const waiting = new Map(window.waiting.map((one) => [one.pack, one]));
    await this.#takeTurn();
    try {
      const packs = window.waiting.map(({ pack }) => pack);
      await this.#commit(place, packs, (pack, outcome) => waiting.get(pack)?.settle(outcome));
    } catch (thrown) {
      // Those that were settled before take no notice.
      for (const { fail } of window.waiting) fail(thrown);
    } finally {
      this.#endTurn();
    }
  }

  async #takeTurn(): Promise<void> {
    if (this.#committing >= commitsAtOnceMax) {
      await new Promise<void>((resolve) => this.#turns.push(resolve));
    } else this.#committing += 1;
  }

  #endTurn(): void {
    const next = this.#turns.shift();
    if (next) next();
    else this.#committing -= 1;
  }
}
