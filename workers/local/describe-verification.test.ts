import { describe, expect, it } from "vitest";
import type { VerifyRunView } from "@/lib/contracts/verify-run";
import { describeVerification, exitCodeOf } from "./describe-verification";

const counts = {
  ...{
    missing: 0,
    unbalanced: 0,
    altered: 0,
    foreign: 0,
    overlapping: 0,
    gap: 0,
    listed: 4,
    whole: 4,
  },
  ...{
    wholeRows: 90,
    unproven: 0,
    missingRows: 0,
    pending: 0,
    others: 0,
    replaced: 0,
    elsewhere: 0,
    batches: 2,
  },
};
const run = (given: Partial<VerifyRunView>): VerifyRunView => ({
  ...{ id: "0", state: "finished", reason: "asked", deep: false, redeliver: false },
  ...{ askedAt: "", startedAt: null, finishedAt: "", objectsChecked: 4, clean: true },
  ...{ error: null, nextTryAt: null },
  report: {
    ...{ bucket: "b", folders: ["f/"], deep: false, counts },
    findings: [],
    redelivery: null,
  },
  ...given,
});

describe("a verification on a terminal", () => {
  it("ends with 0 when clean, 1 with findings, 2 without a report", () => {
    expect(exitCodeOf(run({}))).toBe(0);
    expect(exitCodeOf(run({ clean: false }))).toBe(1);
    expect(exitCodeOf(run({ clean: null, report: null, state: "failed" }))).toBe(2);
  });

  it("names every finding, how many more there are, and what is lost range by range", () => {
    const lost = { lostRanges: 1, lostObjects: 3, lostRows: 70 };
    const range = { channelId: "c1", lane: 2, fromBatch: 4, toBatch: 6, objects: 3, rows: 70 };
    const lines = describeVerification(
      run({
        clean: false,
        report: {
          ...{ bucket: "b", folders: ["f/"], deep: false },
          counts: { ...counts, missing: 9, foreign: 1 },
          findings: [
            { kind: "foreign", key: "f/x", bytes: 1 },
            { kind: "gap", channelId: "c1", lane: 2, batchNumber: 5, what: "range" },
          ],
          redelivery: {
            ...{ objects: 1, rows: 20, fullScan: true, ...lost },
            lost: [{ ...range, because: "trimmed" }],
          },
        },
      }),
    ).join("\n");
    expect(lines).toContain("f/x was not written by Culvert.");
    expect(lines).toContain("Channel c1 (lane 2), batch 5: it begins elsewhere");
    expect(lines).toContain("and 8 more");
    expect(lines).toContain("c1 (lane 2), batches 4–6, 70 rows: The source has trimmed");
    expect(lines).toContain("the whole table is scanned again");
  });

  it("says what to do when it could not be found out", () => {
    const error = {
      ...{ code: "destination.bucket_missing", documentedName: "InvalidOssBucket" },
      ...{ fault: "user", title: "No bucket", cause: "It is gone.", nextStep: "Create it." },
    } satisfies VerifyRunView["error"];
    const lines = describeVerification(run({ clean: null, report: null, error }));
    expect(lines).toEqual(["Could not verify.", "  No bucket", "  It is gone.", "  Create it."]);
  });
});
