import { defineErrorKinds, detailOf } from "./error-kind";

/** What can be wrong with a source, its tables and their tunnels. */
export const sourceErrors = defineErrorKinds({
  "source.unavailable": {
    fault: "transient",
    httpStatus: 503,
    title: "The source does not answer",
    cause: (d) =>
      `${detailOf(d, "operation", "A request")} to the source failed (${detailOf(d, "providerCode", "no answer")}).`,
    nextStep: () =>
      "Nothing to do yet: Culvert tries again and keeps its position. Check the endpoint if this lasts.",
  },
  "source.credentials_invalid": {
    fault: "user",
    httpStatus: 422,
    title: "The source's access key is not accepted",
    cause: (d) =>
      `The source refused the access key (${detailOf(d, "providerCode", "OTSAuthFailed")}).`,
    nextStep: () =>
      "Enter the right access key and secret on the source. Delivery goes on by itself from where it stopped.",
  },
  "source.permission_denied": {
    fault: "user",
    httpStatus: 422,
    title: "The source's access key may not do this",
    cause: (d) =>
      `The source refused ${detailOf(d, "operation", "a request")} (${detailOf(d, "providerCode", "OTSPermissionDenied")}).`,
    nextStep: () =>
      "Give the key access to the table and to its tunnels. Delivery goes on by itself.",
  },
  "source.table_missing": {
    fault: "user",
    httpStatus: 422,
    title: "The source table does not exist",
    cause: (d) => `The source has no table ${detailOf(d, "table", "of that name")}.`,
    nextStep: () => "Choose another table, or create it.",
  },
  "source.change_refused": {
    fault: "user",
    httpStatus: 422,
    title: "The source refused this",
    cause: (d) => detailOf(d, "reason", "It gave no reason."),
    nextStep: () => "Correct what the source names and try again.",
  },
  "source.tunnel_missing": {
    fault: "user",
    httpStatus: 422,
    title: "The task's tunnel no longer exists",
    cause: () => "The tunnel was deleted at the source, and with it the position in the stream.",
    nextStep: () => "Delete this task and create it again to start from a new tunnel.",
  },
  "source.tunnel_expired": {
    fault: "user",
    httpStatus: 422,
    documentedName: "OTSTunnelExpired",
    title: "The stream was trimmed before it was read",
    cause: () =>
      "The source keeps changes only for the table's expiration time, and this task fell behind it.",
    nextStep: () =>
      "Continue from the oldest readable record, which leaves a gap that is kept in the account; or delete this task and create it again: a full scan brings the table's present state.",
  },
  "source.tunnel_exists": {
    fault: "user",
    httpStatus: 409,
    title: "A tunnel of that name exists",
    cause: (d) => `The table already has a tunnel ${detailOf(d, "tunnel", "of that name")}.`,
    nextStep: () => "Delete the tunnel at the source, or use it.",
  },
  "source.checkpoint_ahead": {
    fault: "user",
    httpStatus: 409,
    title: "Somebody else reads this task's tunnel",
    cause: () =>
      "The tunnel's checkpoint is not the one Culvert wrote: records were consumed elsewhere.",
    nextStep: () => "Stop the other reader, then delete this task and create it again.",
  },
  "source.client_gone": {
    fault: "transient",
    httpStatus: 503,
    title: "The source forgot this task's client",
    cause: () =>
      "The tunnel no longer knows the client id, as after a restart or a missed heartbeat.",
    nextStep: () => "Nothing to do: Culvert connects again and goes on from its own position.",
  },
  "source.record_corrupt": {
    fault: "transient",
    httpStatus: 502,
    title: "A response of the source could not be read",
    cause: (d) => `The bytes do not follow the protocol: ${detailOf(d, "reason", "malformed")}.`,
    nextStep: () =>
      "Nothing to do yet: Culvert reads it again. If it lasts, the source is at fault.",
  },
});
