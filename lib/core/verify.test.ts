import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readPrefixTemplate } from "./prefix-template";
import {
  type BatchEntry,
  type BatchGap,
  type ChannelEntry,
  checkBatch,
  endChannelCheck,
  startChannelCheck,
} from "./verify-batches";
import {
  foldersToList,
  type InspectedObject,
  isDoubtWorthReading,
  isInDataset,
  judgePair,
  type LedgerEntry,
  type ListedEntry,
  listDifferences,
} from "./verify-objects";
import { findingsPerKindMax, isClean, LostTally, VerifyTally } from "./verify-report";

const entry = (given: Partial<LedgerEntry> = {}): LedgerEntry => ({
  ...{ key: "d/a__1", objectId: "id-1", standing: "expected", kind: "rows", rows: 3, bytes: 90 },
  ...{ crc32: "0badcafe", etag: "abc-1", lane: 0, batchNumber: 1, missing: false },
  lostBecause: null,
  ...given,
});
const listed = (given: Partial<ListedEntry> = {}): ListedEntry => ({
  ...{ key: "d/a__1", sizeBytes: 90, etag: '"abc-1"' },
  ...given,
});

describe("what the ledger and a listing say of one key", () => {
  it("is missing when it ought to stand, and only then", () => {
    const standings = ["expected", "pending", "replaced", "other"] as const;
    const verdicts = standings.map(
      (standing) => judgePair({ entry: entry({ standing }), object: null }).kind,
    );
    expect(verdicts).toEqual(["missing", "pending", "replaced", "other"]);
  });

  it("is unknown when the ledger has no such key", () => {
    expect(judgePair({ entry: null, object: listed() }).kind).toBe("unknown");
  });

  it("is known when another task, or an earlier one of the same name, delivered it", () => {
    const other = { entry: entry({ standing: "other" }), object: listed({ sizeBytes: 1 }) };
    expect(judgePair(other)).toEqual({ kind: "other", isListed: true });
  });

  it("D1: what a full scan replaced must not stand", () => {
    const pair = { entry: entry({ standing: "replaced" }), object: listed() };
    expect(judgePair(pair).kind).toBe("doubled");
  });

  it("is altered by another size, and doubted by another ETag or one that cannot be told", () => {
    expect(judgePair({ entry: entry(), object: listed({ sizeBytes: 89 }) })).toMatchObject({
      kind: "altered",
      differences: ["size"],
    });
    const doubts = (etag: string | null, found: string) =>
      judgePair({ entry: entry({ etag }), object: listed({ etag: found }) });
    expect(doubts("abc-1", '"abc-1"')).toMatchObject({ kind: "inspect", contentDoubted: false });
    expect(doubts("abc-1", "other-1")).toMatchObject({ kind: "inspect", contentDoubted: true });
    expect(doubts(null, '"abc-1"')).toMatchObject({ kind: "inspect", contentDoubted: true });
  });
});

describe("what an object itself says", () => {
  const whole: InspectedObject = { objectId: "id-1", sizeBytes: 90, footerRows: 3, crc32: null };

  it("differs in exactly what was changed", () => {
    const change = fc.record({
      objectId: fc.constantFrom("id-1", "id-2", null),
      sizeBytes: fc.constantFrom(90, 91),
      footerRows: fc.constantFrom(3, 4, "unreadable" as const, null),
      crc32: fc.constantFrom("0badcafe", "deadbeef", null),
    });
    fc.assert(
      fc.property(change, (found) => {
        const expected = [
          found.sizeBytes !== 90 && "size",
          found.crc32 === "deadbeef" && "checksum",
          found.footerRows === "unreadable" && "footer",
          found.footerRows === 4 && "rows",
          found.objectId !== "id-1" && "identity",
        ].filter(Boolean);
        expect(listDifferences(entry(), found)).toEqual(expected);
      }),
      { examples: [[whole]] },
    );
  });
});

describe("ETags that differ", () => {
  it("are a reason to read the content, until they were one for nothing five times and never agreed", () => {
    expect(isDoubtWorthReading({ agreed: 0, wronged: 0 })).toBe(true);
    expect(isDoubtWorthReading({ agreed: 0, wronged: 4 })).toBe(true);
    expect(isDoubtWorthReading({ agreed: 0, wronged: 5 })).toBe(false);
    expect(isDoubtWorthReading({ agreed: 1, wronged: 5 })).toBe(true);
  });
});

describe("what counts as foreign", () => {
  const folder = (prefix: string, dirty: readonly string[] = []) => {
    const template = readPrefixTemplate(prefix);
    return (key: string) => isInDataset(template, dirty, key);
  };

  it("is everything below the folders before the first variable, and below the dirty folders", () => {
    const isIn = folder("lake/orders/day=$dd", ["_dirty/orders"]);
    const keys = ["lake/orders/x", "lake/orders/day=01/x", "lake/orders/a/b/x", "_dirty/orders/x"];
    expect(keys.map(isIn)).toEqual([true, true, true, true]);
    expect(["lake/x", "lake/orders-old/x", "_dirty/other/x", "x"].some(isIn)).toBe(false);
  });

  it("is only what lies in a folder that the first variable can become, when that is the first folder", () => {
    const isIn = folder("$yyyy/$MM");
    expect(["2026/01/x", "2026/x", "2026/01/02/x"].map(isIn)).toEqual([true, true, true]);
    expect(["x", "backup/2026/x", "20261/x"].some(isIn)).toBe(false);
  });
});

describe("folders to list", () => {
  it("cover every folder, and no key twice", () => {
    const folder = fc.constantFrom("", "a", "a/b", "ab", "a/b/c", "b", "_dirty/a");
    fc.assert(
      fc.property(fc.array(folder, { minLength: 1 }), (folders) => {
        const found = foldersToList(folders);
        for (const given of folders) {
          const key = given === "" ? "x" : `${given}/x`;
          expect(found.filter((prefix) => key.startsWith(prefix))).toHaveLength(1);
        }
      }),
    );
  });
});

type Consumed = Pick<BatchEntry, "rows" | "deletesIgnored" | "dirtyRecords">;

/** A channel as the protocol leaves it. */
function soundChannel(consumed: readonly Consumed[]) {
  const batches = consumed.map(
    (counts, index): BatchEntry => ({
      ...counts,
      number: index + 1,
      startCheckpoint: `at-${index}`,
      endCheckpoint: `at-${index + 1}`,
      records: counts.rows + counts.deletesIgnored + counts.dirtyRecords,
      rowsInObjects: counts.rows,
    }),
  );
  const sum = (field: "records" | keyof Consumed) =>
    batches.reduce((total, batch) => total + batch[field], 0);
  const channel: ChannelEntry = {
    ...{ channelId: "c", lane: 0, batchNumber: batches.length, checkpoint: `at-${batches.length}` },
    ...{ records: sum("records"), rows: sum("rows") },
    ...{ deletesIgnored: sum("deletesIgnored"), dirtyRecords: sum("dirtyRecords") },
  };
  return { channel, batches };
}

function gapsOf(channel: ChannelEntry, batches: readonly BatchEntry[]): BatchGap[] {
  const gaps: BatchGap[] = [];
  let check = startChannelCheck(channel);
  for (const batch of batches) {
    const step = checkBatch(check, batch);
    gaps.push(...step.gaps);
    check = step.check;
  }
  return [...gaps, ...endChannelCheck(check)];
}

const consumed = fc.record({
  rows: fc.nat({ max: 9 }),
  deletesIgnored: fc.nat({ max: 9 }),
  dirtyRecords: fc.nat({ max: 9 }),
});
const channels = fc.array(consumed, { minLength: 1, maxLength: 12 }).map(soundChannel);
const whats = (gaps: readonly BatchGap[]) => [...new Set(gaps.map(({ what }) => what))];

describe("a channel's batches", () => {
  it("D2 D4: fit together as the protocol leaves them", () => {
    fc.assert(
      fc.property(channels, ({ channel, batches }) => {
        expect(gapsOf(channel, batches)).toEqual([]);
      }),
    );
  });

  it("D4: one that is taken out leaves a hole, wherever it was", () => {
    fc.assert(
      fc.property(channels, fc.nat(), ({ channel, batches }, at) => {
        const without = batches.filter((_, index) => index !== at % batches.length);
        expect(whats(gapsOf(channel, without))).toContain("number");
      }),
    );
  });

  it("D1: a start that is not the end of the one before is a range left out or taken twice", () => {
    fc.assert(
      fc.property(channels, fc.nat(), ({ channel, batches }, at) => {
        fc.pre(batches.length > 1);
        const bent = 1 + (at % (batches.length - 1));
        const changed = batches.map((batch, index) =>
          index === bent ? { ...batch, startCheckpoint: "elsewhere" } : batch,
        );
        expect(gapsOf(channel, changed)).toEqual([
          { channelId: "c", lane: 0, batchNumber: bent + 1, what: "range" },
        ]);
      }),
    );
  });

  it("D2: a record that went nowhere shows in the account and in the channel's total", () => {
    fc.assert(
      fc.property(channels, fc.nat(), ({ channel, batches }, at) => {
        const changed = batches.map((batch, index) =>
          index === at % batches.length ? { ...batch, records: batch.records + 1 } : batch,
        );
        expect(whats(gapsOf(channel, changed)).sort()).toEqual(["account", "total"]);
      }),
    );
  });

  it("objects that hold other rows than the batch delivered, and a channel that stands elsewhere", () => {
    const { channel, batches } = soundChannel([{ rows: 2, deletesIgnored: 0, dirtyRecords: 1 }]);
    const more = batches.map((batch) => ({ ...batch, rowsInObjects: 3 }));
    expect(whats(gapsOf(channel, more))).toEqual(["rows"]);
    expect(whats(gapsOf({ ...channel, checkpoint: "on" }, batches))).toEqual(["position"]);
  });
});

describe("a report", () => {
  it("lists findings up to a bound and counts them all", () => {
    const tally = new VerifyTally();
    for (let at = 0; at < findingsPerKindMax + 50; at += 1) tally.addMissing(entry());
    tally.addForeign(listed());
    expect(tally.counts).toMatchObject({ missing: 250, missingRows: 750, foreign: 1 });
    expect(tally.findings).toHaveLength(findingsPerKindMax + 1);
    expect(isClean(tally)).toBe(false);
    expect(isClean(new VerifyTally())).toBe(true);
  });

  it("names what is lost range by range: batches next to each other, of one channel and one reason", () => {
    const tally = new LostTally();
    const lost = (channelId: string, batchNumber: number, because: "trimmed" | "differs") =>
      tally.add({ channelId, lane: 0, batchNumber, objects: 1, rows: 10, because });
    for (const number of [1, 2, 3]) lost("c", number, "trimmed");
    lost("c", 4, "differs");
    lost("c", 6, "differs");
    lost("d", 7, "differs");
    const account = tally.toAccount();
    const shown = account.lost.map((range) => [range.channelId, range.fromBatch, range.toBatch]);
    expect(shown).toEqual([
      ["c", 1, 3],
      ["c", 4, 4],
      ["c", 6, 6],
      ["d", 7, 7],
    ]);
    expect(account).toMatchObject({ lostRanges: 4, lostObjects: 6, lostRows: 60 });
  });
});
