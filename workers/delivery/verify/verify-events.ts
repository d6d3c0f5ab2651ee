import type { AppError } from "@/lib/core/error";
import type { Log } from "@/lib/platform/log";

/** What an operator reads of verifications and rescans. */
export type VerifyEvents = ReturnType<typeof createVerifyEvents>;

/** And `task` or `dataset`: its name. */
type RunTags = { readonly run: string; readonly attempt: number };

export function createVerifyEvents(log: Log) {
  return {
    verifyStarted: (tags: RunTags & { reason: string }) => log.info(tags, "verification started"),
    verifyFinished: (tags: RunTags & { clean: boolean; redelivered: number; lost: number }) =>
      log.info(tags, "verification finished"),
    verifyFailed: (tags: RunTags & { nextTryInMs: number | null }, error: AppError) =>
      log.warn(
        { ...tags, code: error.code, reason: error.message, details: error.details },
        "verification failed",
      ),
    rescanStarted: (tags: { task: string }) =>
      log.warn(tags, "base data lost, table scanned again"),
    rescanFinished: (tags: { task: string }) => log.info(tags, "table scanned again"),
    backgroundFailed: (tags: { work: string }, error: AppError) =>
      log.warn({ ...tags, code: error.code, reason: error.message }, "background work failed"),
  };
}
