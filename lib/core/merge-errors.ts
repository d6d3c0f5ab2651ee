import { defineErrorKinds, detailOf } from "./error-kind";

/** What can be wrong with merging a dataset. */
export const mergeErrors = defineErrorKinds({
  "merge.not_configured": {
    fault: "user",
    httpStatus: 409,
    title: "Nobody has said how to merge this dataset",
    cause: (d) => `${detailOf(d, "name", "It")} has no merge settings.`,
    nextStep: () => "Set them first.",
  },
  "merge.task_dataset": {
    fault: "user",
    httpStatus: 405,
    documentedName: "MethodNotAllowed",
    title: "What a task delivers is not merged",
    cause: (d) => `${detailOf(d, "name", "It")} is what the task of that name delivers.`,
    nextStep: () => "Give the task a longer flush interval: its objects become larger.",
  },
  "merge.input_broken": {
    fault: "user",
    httpStatus: 409,
    title: "An object is not what was decided",
    cause: (d) =>
      `${detailOf(d, "key", "An object")}: ${detailOf(d, "reason", "it cannot be read")}.`,
    nextStep: () =>
      "Put the right object back, or overwrite the partition. Nothing is merged or removed meanwhile.",
  },
  "merge.input_gone": {
    fault: "user",
    httpStatus: 409,
    documentedName: "NoSuchData",
    title: "An object is not in the bucket any more",
    cause: (d) => `Nothing of ours stands at ${detailOf(d, "key", "its key")}.`,
    nextStep: () => "Put the object back, or overwrite the partition.",
  },
  "merge.copy_differs": {
    fault: "internal",
    httpStatus: 500,
    title: "A merged copy is not what its originals are",
    cause: (d) => `The ${detailOf(d, "what", "content")} differs. The copy was thrown away.`,
    nextStep: () => "Nothing was removed. It is tried again; tell us when it happens twice.",
  },
  "merge.copy_gone": {
    fault: "user",
    httpStatus: 409,
    title: "A merged copy is not in the bucket any more",
    cause: (d) => `Nothing of ours stands at ${detailOf(d, "key", "its key")}.`,
    nextStep: () => "Put the copy back. Its originals stay until it stands.",
  },
  "merge.disk_full": {
    fault: "user",
    httpStatus: 507,
    title: "The worker's disk has no room for a merge",
    cause: (d) =>
      `${detailOf(d, "freeBytes", "Too few")} bytes are free, and ${detailOf(d, "neededBytes", "more")} are needed.`,
    nextStep: () => "Make room under CULVERT_HOME, or merge less at a time.",
  },
  "merge.engine_failed": {
    fault: "internal",
    httpStatus: 500,
    title: "The merging process failed",
    cause: (d) => detailOf(d, "reason", "It ended without an answer."),
    nextStep: () => "It is tried again.",
  },
});
