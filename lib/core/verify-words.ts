import type { BatchGap } from "./verify-batches";
import type { Difference, LostReason } from "./verify-objects";
import type { VerifyFinding } from "./verify-report";

/** What a verification found, in the words that people read. */

const lostWords: Readonly<Record<LostReason, string>> = {
  trimmed: "The source has trimmed these records.",
  base_gone:
    "The source keeps base data only until it is delivered, and other base data still stands.",
  channel_ended: "The channel was read to its end and is closed at the source.",
  tunnel_gone: "The task's tunnel or table no longer exists at the source.",
  differs: "The source now gives other rows for this range.",
  another_address:
    "It was delivered under another address of the store, which may be another store.",
};

export function describeLost(because: LostReason): string {
  return lostWords[because];
}

const differenceWords: Readonly<Record<Difference, string>> = {
  size: "its size",
  checksum: "its content",
  rows: "its number of rows",
  identity: "its uuid",
  footer: "its footer, which cannot be read",
};

const gapWords: Readonly<Record<BatchGap["what"], string>> = {
  number: "a batch is not there",
  range: "it begins elsewhere than the batch before ended",
  account: "consumed is not delivered + dirty + ignored deletes",
  rows: "its objects hold other rows than it delivered",
  total: "the channel's account is not the sum of its batches",
  position: "the channel stands elsewhere than its last batch ended",
};

/** Where a finding is, and what is wrong there. */
export function describeFinding(finding: VerifyFinding): { place: string; what: string } {
  switch (finding.kind) {
    case "missing": {
      const lost = finding.lostBecause === null ? "" : ` ${describeLost(finding.lostBecause)}`;
      return { place: finding.key, what: `is not in the bucket.${lost}` };
    }
    case "altered": {
      const differences = finding.differences.map((difference) => differenceWords[difference]);
      return { place: finding.key, what: `differs in ${differences.join(", ")}.` };
    }
    case "foreign":
      return { place: finding.key, what: "was not written by Culvert." };
    case "overlapping":
      return {
        place: finding.key,
        what:
          finding.of === null
            ? "was replaced by a full scan: its rows are visible twice."
            : `is a copy of ${finding.of}: its rows are visible twice.`,
      };
    case "gap":
      return {
        place: `Channel ${finding.channelId} (lane ${finding.lane}), batch ${finding.batchNumber}`,
        what: `${gapWords[finding.what]}.`,
      };
    case "unbalanced": {
      const { commit, saidRows, saidObjects, rows, objects } = finding;
      return {
        place: commit === null ? "The dataset" : `Commit ${commit}`,
        what: `is said to hold ${saidRows} rows in ${saidObjects} objects; its objects are ${objects} with ${rows}.`,
      };
    }
  }
}
