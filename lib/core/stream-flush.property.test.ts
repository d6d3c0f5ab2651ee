import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canDecide, type FlushVerdict, judgeFlush } from "./stream-flush";
import type { StreamSessionStatus } from "./stream-session";

const statuses = ["normal", "ended", "expired"] as const satisfies StreamSessionStatus[];
const fine = {
  recordedHash: null,
  session: "normal",
  datasetVersion: 1,
  isOverwritten: false,
  isOnePartitionTooMany: false,
} as const;
const pack = { contentHash: "a", schemaVersion: 1 };

describe("a flush", () => {
  it.each([
    [{}, "decide"],
    [{ recordedHash: "a", session: "ended", datasetVersion: 2, isOverwritten: true }, "recorded"],
    [{ recordedHash: "b" }, "differs"],
    [{ session: "expired", datasetVersion: 2 }, "expired"],
    [{ session: "ended" }, "ended"],
    [{ datasetVersion: 2, isOverwritten: true }, "schema_modified"],
    [{ isOverwritten: true, isOnePartitionTooMany: true }, "overwritten"],
    [{ isOnePartitionTooMany: true }, "too_many_partitions"],
  ] as const)("T2, T4, T5, T6: that meets %j is answered %s", (facts, verdict) => {
    expect(judgeFlush(pack, { ...fine, ...facts })).toBe(verdict);
  });

  it("T1, T2, T3: is decided once, whole and under its own id, whoever sends it again, where and when", () => {
    const flush = fc.record({ id: fc.nat(5), content: fc.nat(1) });
    const step = fc.oneof(
      fc.record({ kind: fc.constant("send" as const), process: fc.nat(2), flush }),
      fc.record({ kind: fc.constant("commit" as const), process: fc.nat(2) }),
      fc.record({ kind: fc.constant("crash" as const), process: fc.nat(2) }),
      fc.record({ kind: fc.constant("session" as const), status: fc.constantFrom(...statuses) }),
      fc.record({ kind: fc.constant("schema" as const) }),
    );
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => new World().run(steps)));
  });
});

type Flush = { readonly id: number; readonly content: number };
type Waiting = Flush & { readonly schemaVersion: number };
type Step =
  | { readonly kind: "send"; readonly process: number; readonly flush: Flush }
  | { readonly kind: "commit" | "crash"; readonly process: number }
  | { readonly kind: "session"; readonly status: StreamSessionStatus }
  | { readonly kind: "schema" };

/** Processes with a window each, before one database that runs one transaction after the other. */
class World {
  readonly windows: Waiting[][] = [[], [], []];
  /** Contents that readers see, by flush: as often as they stand there. */
  readonly visible: Flush[] = [];
  readonly recorded = new Map<number, number>();
  status: StreamSessionStatus = "normal";
  version = 1;

  run(steps: readonly Step[]): void {
    for (const step of steps) {
      if (step.kind === "send") {
        this.windows[step.process]?.push({ ...step.flush, schemaVersion: this.version });
      } else if (step.kind === "crash") this.windows[step.process] = [];
      else if (step.kind === "session") this.status = step.status;
      else if (step.kind === "schema") this.version += 1;
      else this.#commit(step.process);
      this.#look();
    }
  }

  #commit(process: number): void {
    // As the console does: one pack of an id waits in a window.
    let packs = [...new Map((this.windows[process] ?? []).map((one) => [one.id, one])).values()];
    this.windows[process] = [];
    for (let round = 0; packs.length > 0; round += 1) {
      expect(round).toBeLessThan(2);
      const verdicts = packs.map((one): FlushVerdict => this.#judge(one));
      if (canDecide(verdicts)) {
        for (const { id, content } of packs) {
          expect(this.recorded.has(id)).toBe(false);
          this.recorded.set(id, content);
          this.visible.push({ id, content });
        }
        return;
      }
      for (const [index, verdict] of verdicts.entries()) this.#answer(packs[index], verdict);
      packs = packs.filter((_, index) => verdicts[index] === "decide");
    }
  }

  #judge({ id, content, schemaVersion }: Waiting): FlushVerdict {
    const recorded = this.recorded.get(id);
    return judgeFlush(
      { contentHash: String(content), schemaVersion },
      {
        ...fine,
        recordedHash: recorded === undefined ? null : String(recorded),
        session: this.status,
        datasetVersion: this.version,
      },
    );
  }

  #answer(flush: Waiting | undefined, verdict: FlushVerdict): void {
    if (flush === undefined || verdict === "decide") return;
    const stands = this.visible.filter(({ id }) => id === flush.id);
    if (verdict === "recorded") expect(stands).toEqual([{ id: flush.id, content: flush.content }]);
    else if (verdict === "differs") expect(stands[0]?.content).not.toBe(flush.content);
    else expect(stands).toEqual([]);
  }

  #look(): void {
    expect(new Set(this.visible.map(({ id }) => id)).size).toBe(this.visible.length);
  }
}
