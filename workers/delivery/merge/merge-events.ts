import type { AppError } from "@/lib/core/error";
import type { Log } from "@/lib/platform/log";

type MergeTags = { readonly dataset: string; readonly merge: string; readonly partition: string };

/** What an operator reads of merging. */
export type MergeEvents = ReturnType<typeof createMergeEvents>;

export function createMergeEvents(log: Log) {
  return {
    mergeStarted: (tags: MergeTags & { objects: number; rows: number; attempt: number }) =>
      log.info(tags, "merge started"),
    mergeDecided: (tags: MergeTags & { rows: number; bytes: number; peakBytes: number }) =>
      log.info(tags, "merge decided"),
    mergeOutdated: (tags: MergeTags) => log.info(tags, "merge outdated by an overwrite"),
    mergeFenced: (tags: MergeTags) => log.warn(tags, "merge is another worker's by now"),
    mergeFailed: (tags: MergeTags & { attempt: number }, error: AppError) =>
      log.warn(
        { ...tags, code: error.code, reason: error.message, details: error.details },
        "merge failed",
      ),
    mergePaused: (tags: { openBytes: number; loadPerCore: number }) =>
      log.info(tags, "merging waits for quieter times"),
    mergeResumed: () => log.info({}, "merging goes on"),
    originalsReleased: (tags: { dataset: string; merge: string }) =>
      log.info(tags, "originals of a merge released"),
    releaseFailed: (tags: { dataset: string; merge: string; attempt: number }, error: AppError) =>
      log.warn(
        { ...tags, code: error.code, reason: error.message, details: error.details },
        "originals of a merge kept",
      ),
    mergesUndone: (tags: { merges: number }) =>
      log.warn(tags, "merges undone whose upload the store lost"),
    lookFailed: (error: AppError) =>
      log.warn({ code: error.code, reason: error.message }, "look for merges failed"),
  };
}
