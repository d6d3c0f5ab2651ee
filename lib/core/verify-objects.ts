import { standsUnderPrefix } from "./dirty-prefix";
import type { PrefixTemplate } from "./prefix-template";
import type { Pair } from "./verify-pairs";

/**
 * How an object of the ledger ought to stand. `pending`: decided and not published yet, so both is
 * right. `replaced`: a full scan brought its rows again, so it must not be there. `other`: of another
 * task, or of an earlier one of the same name; that it is known is all that is asked.
 */
export type Standing = "expected" | "pending" | "replaced" | "other";

/** One object of the ledger. */
export type LedgerEntry = {
  readonly key: string;
  readonly objectId: string;
  readonly standing: Standing;
  readonly kind: "rows" | "dirty";
  readonly rows: number;
  readonly bytes: number;
  /** 8 hex digits. */
  readonly crc32: string;
  /** What the store names the content by, where it can be told from the ledger; else null. */
  readonly etag: string | null;
  readonly lane: number;
  readonly batchNumber: number;
  /** An earlier verification found it missing. */
  readonly missing: boolean;
  /** Why it could not be delivered again when that was tried; null when it was not. */
  readonly lostBecause: LostReason | null;
};

/** Why rows that are missing cannot be delivered again. */
export const lostReasons = [
  "trimmed",
  "base_gone",
  "channel_ended",
  "tunnel_gone",
  "differs",
  "another_address",
] as const;
export type LostReason = (typeof lostReasons)[number];

export type ListedEntry = {
  readonly key: string;
  readonly sizeBytes: number;
  readonly etag: string;
};

export type Difference = "size" | "checksum" | "rows" | "identity" | "footer";

export type PairVerdict =
  /** The ledger had no such key when it was read: foreign, unless it was decided since. */
  | { readonly kind: "unknown"; readonly object: ListedEntry }
  | { readonly kind: "missing"; readonly entry: LedgerEntry }
  | { readonly kind: "altered"; readonly entry: LedgerEntry; readonly differences: Difference[] }
  /** The listing agrees; the object itself has to be looked at, with its content when that is doubted. */
  | {
      readonly kind: "inspect";
      readonly entry: LedgerEntry;
      readonly contentDoubted: boolean;
    }
  /** A full scan brought its rows again, and it stands in the bucket: its rows are visible twice. */
  | { readonly kind: "doubled"; readonly entry: LedgerEntry }
  | { readonly kind: "pending" | "replaced" }
  | { readonly kind: "other"; readonly isListed: boolean };

/** What the ledger and the listing say of one key. */
export function judgePair({ entry, object }: Pair<LedgerEntry, ListedEntry>): PairVerdict {
  if (!entry) return object ? { kind: "unknown", object } : { kind: "pending" };
  switch (entry.standing) {
    case "other":
      return { kind: "other", isListed: object !== null };
    case "pending":
      return { kind: "pending" };
    case "replaced":
      return object ? { kind: "doubled", entry } : { kind: "replaced" };
    case "expected":
      if (!object) return { kind: "missing", entry };
      if (object.sizeBytes !== entry.bytes)
        return { kind: "altered", entry, differences: ["size"] };
      return { kind: "inspect", entry, contentDoubted: !namesSameContent(entry.etag, object.etag) };
  }
}

/**
 * An ETag that agrees proves the content. One that does not proves nothing: stores make it in their
 * own ways, above all with server-side encryption.
 */
function namesSameContent(expected: string | null, listed: string): boolean {
  return expected !== null && expected === listed.replaceAll('"', "");
}

/** What a pass has learnt of the store's ETags so far. */
export type EtagTrust = {
  /** How many named the content as the ledger's parts do. */
  readonly agreed: number;
  /** How many did not although the content was read and is the ledger's. */
  readonly wronged: number;
};

/** After so many doubts for nothing, and none the other way, the store's ETags are its own affair. */
const wrongedMax = 5;

/**
 * Whether an object's content is to be read because its ETag is another. A store that never makes them
 * from the parts (server-side encryption does not) would otherwise have every object read whole.
 */
export function isDoubtWorthReading({ agreed, wronged }: EtagTrust): boolean {
  return agreed > 0 || wronged < wrongedMax;
}

/** What an object itself says. */
export type InspectedObject = {
  /** The uuid in its user metadata. */
  readonly objectId: string | null;
  readonly sizeBytes: number;
  /** From a Parquet footer; "unreadable" when there is none. Null for dirty values, which have none. */
  readonly footerRows: number | "unreadable" | null;
  /** Of the whole content; null when it was not read. */
  readonly crc32: string | null;
};

/** In what the object differs from the one that was decided; nothing when it is that one. */
export function listDifferences(entry: LedgerEntry, found: InspectedObject): Difference[] {
  const differences: Difference[] = [];
  if (found.sizeBytes !== entry.bytes) differences.push("size");
  if (found.crc32 !== null && found.crc32 !== entry.crc32) differences.push("checksum");
  if (found.footerRows === "unreadable") differences.push("footer");
  else if (found.footerRows !== null && found.footerRows !== entry.rows) differences.push("rows");
  if (found.objectId !== entry.objectId) differences.push("identity");
  return differences;
}

/**
 * Folders to list: each folder with all below it, none of them inside another. Rows lie under the
 * folders before the first time variable; dirty values in folders of their own.
 */
export function foldersToList(folders: readonly string[]): string[] {
  const distinct = [...new Set(folders.map((folder) => (folder === "" ? "" : `${folder}/`)))];
  return distinct
    .filter((folder) => !distinct.some((above) => above !== folder && folder.startsWith(above)))
    .sort();
}

/**
 * Whether a key lies where only the task's objects, and those of tasks that share its folders, have
 * anything to look for. `dirtyFolders` without a slash at their ends.
 */
export function isInDataset(
  template: PrefixTemplate | null,
  dirtyFolders: readonly string[],
  key: string,
): boolean {
  if (dirtyFolders.some((folder) => key.startsWith(`${folder}/`))) return true;
  const end = key.lastIndexOf("/");
  return template === null || (end > 0 && standsUnderPrefix(template, key.slice(0, end)));
}
