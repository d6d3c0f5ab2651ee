import type { DatasetView } from "@/lib/contracts/dataset-body";
import { defaultMergeFolder, type MergeOrderKind, mergeDefaults } from "@/lib/core/merge-settings";

const MiB = 1024 * 1024;
const secondsPerMinute = 60;

/** The settings as a form holds them: amounts are what stands in the text boxes. */
export type MergeDraft = {
  readonly isEnabled: boolean;
  readonly folder: string;
  readonly orderKind: MergeOrderKind;
  readonly orderColumns: readonly string[];
  readonly smallMiB: string;
  readonly objectsMin: string;
  readonly targetMiB: string;
  /** Empty: as the order asks for. */
  readonly rowGroupRows: string;
  readonly originals: "keep" | "remove";
  readonly graceMinutes: string;
};

/** What is set, or what would be when nobody says otherwise. */
export function mergeDraftOf({ merge, folder }: DatasetView): MergeDraft {
  const settings = merge ?? {
    isEnabled: true,
    folder: defaultMergeFolder(folder),
    order: { kind: "none" as const, columns: [] },
    ...mergeDefaults,
    rowGroupRows: null,
    originals: "keep" as const,
  };
  return {
    isEnabled: settings.isEnabled,
    folder: settings.folder,
    orderKind: settings.order.kind,
    orderColumns: settings.order.columns,
    smallMiB: String(settings.smallBytes / MiB),
    objectsMin: String(settings.objectsMin),
    targetMiB: String(settings.targetBytes / MiB),
    rowGroupRows: settings.rowGroupRows === null ? "" : String(settings.rowGroupRows),
    originals: settings.originals,
    graceMinutes: String(settings.graceSeconds / secondsPerMinute),
  };
}

/** What cannot be a number is sent as it is typed, so that the API says so at its field. */
function numberOf(text: string, factor = 1): number | string {
  const value = Number(text.trim() || "-");
  return Number.isFinite(value) ? Math.round(value * factor) : text;
}

export function mergeBodyOf(draft: MergeDraft) {
  return {
    isEnabled: draft.isEnabled,
    folder: draft.folder,
    order: {
      kind: draft.orderKind,
      columns: draft.orderKind === "none" ? [] : draft.orderColumns.filter((name) => name !== ""),
    },
    smallBytes: numberOf(draft.smallMiB, MiB),
    objectsMin: numberOf(draft.objectsMin),
    targetBytes: numberOf(draft.targetMiB, MiB),
    rowGroupRows: draft.rowGroupRows.trim() === "" ? null : numberOf(draft.rowGroupRows),
    originals: draft.originals,
    graceSeconds: numberOf(draft.graceMinutes, secondsPerMinute),
  };
}
