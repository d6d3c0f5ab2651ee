import { defineErrorKinds, detailOf } from "./error-kind";

/** What can be wrong with a flush of a stream session. Documented names: MaxCompute's Streaming Tunnel. */
export const streamErrors = defineErrorKinds({
  "stream.flush_id_invalid": {
    fault: "user",
    httpStatus: 400,
    documentedName: "InvalidArgument",
    title: "That is no id of a flush",
    cause: () =>
      "An id has 1 to 128 letters, digits and . _ : @ -, and begins with a letter or digit.",
    nextStep: () => "Give each pack an id of its own, and send it again under the same one.",
  },
  "stream.format_unknown": {
    fault: "user",
    httpStatus: 415,
    documentedName: "UnexpectedContent",
    title: "Rows of that content type are not streamed",
    cause: (d) => `The content type is ${detailOf(d, "type", "not set")}.`,
    nextStep: () => "Send application/x-ndjson, or upload the rows by an upload session.",
  },
  "stream.flush_not_found": {
    fault: "user",
    httpStatus: 404,
    documentedName: "NoSuchData",
    title: "Nothing is recorded of this flush",
    cause: (d) => `The session has decided no flush ${detailOf(d, "flushId", "of that id")}.`,
    nextStep: () => "Send the pack, with the same id.",
  },
  "stream.flush_differs": {
    fault: "user",
    httpStatus: 409,
    documentedName: "StatusConflict",
    title: "The id belongs to another pack",
    cause: (d) =>
      `The flush ${detailOf(d, "flushId", "of that id")} was made with other bytes, or for another partition.`,
    nextStep: () => "Give this pack an id of its own.",
  },
  "stream.flush_pending": {
    fault: "transient",
    httpStatus: 503,
    documentedName: "ServiceUnavailable",
    title: "The rows are decided and not visible yet",
    cause: () => "The delivery workers have not made them visible in time.",
    nextStep: () => "Send the pack again with the same id: it counts once.",
  },
  "stream.flush_lost": {
    fault: "user",
    httpStatus: 409,
    documentedName: "NoSuchData",
    title: "The store lost the rows before they were visible",
    cause: (d) => `The upload of the flush ${detailOf(d, "flushId", "of that id")} is gone.`,
    nextStep: () => "Send the pack under another id: under this one it will never be visible.",
  },
  "stream.schema_modified": {
    fault: "user",
    httpStatus: 412,
    documentedName: "SchemaModified",
    title: "The dataset has another schema version",
    cause: (d) =>
      `The rows are of version ${detailOf(d, "schemaVersion", "another")}, the dataset has ${detailOf(d, "datasetVersion", "a newer one")}.`,
    nextStep: () => "Take the new version: change the session, or make a new one.",
  },
  "stream.overwrite_conflict": {
    fault: "user",
    httpStatus: 409,
    documentedName: "StatusConflict",
    title: "The partition is being overwritten",
    cause: () => "An upload session that overwrites the partition is open or not finished.",
    nextStep: () => "Wait for it to end, or abort it, and send the pack again with the same id.",
  },
});
