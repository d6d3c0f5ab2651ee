import type { ErrorDetails } from "./error";

/**
 * Who has to act. `user`: the position is held and the world is probed with back-off until somebody
 * mends it. `transient`: retried with jittered back-off, shown after a while. `internal`: retried
 * slowly, and we want to know.
 */
export type Fault = "user" | "transient" | "internal";

/** Copy is blocker (`title`), cause and next step, rendered from the error's details. */
type ErrorKind = {
  readonly fault: Fault;
  readonly httpStatus: number;
  /** The name the modelled service documents for this failure, kept on the wire and in the UI. */
  readonly documentedName?: string;
  readonly title: string;
  readonly cause: (details: ErrorDetails) => string;
  readonly nextStep: (details: ErrorDetails) => string;
};

const text = (details: ErrorDetails, key: string, fallback: string): string => {
  const value = details[key];
  return value === undefined || value === null || value === "" ? fallback : String(value);
};
const bucketOf = (details: ErrorDetails) => `bucket ${text(details, "bucket", "(unnamed)")}`;

function defineErrorCodes<const T extends Record<string, ErrorKind>>(codes: T): T {
  return codes;
}

/** Every failure Culvert can name. Codes are stable, dotted, and few enough to be metric labels. */
export const errorCodes = defineErrorCodes({
  "destination.access_denied": {
    fault: "user",
    httpStatus: 422,
    documentedName: "UnAuthorized",
    title: "Culvert is not allowed to write to the destination",
    cause: (d) =>
      `The store refused ${text(d, "operation", "a request")} on ${bucketOf(d)} for the destination's access key.`,
    nextStep: () =>
      "Give the key the permissions in the policy shown, or enter another key. Delivery goes on by itself from where it stopped.",
  },
  "destination.credentials_invalid": {
    fault: "user",
    httpStatus: 422,
    documentedName: "UnAuthorized",
    title: "The destination's access key is not accepted",
    cause: (d) =>
      `The store does not know the access key, or its secret does not match (${text(d, "providerCode", "signature refused")}).`,
    nextStep: () =>
      "Enter the right access key and secret on the destination. Delivery goes on by itself from where it stopped.",
  },
  "destination.bucket_missing": {
    fault: "user",
    httpStatus: 422,
    documentedName: "InvalidOssBucket",
    title: "The destination bucket does not exist",
    cause: (d) => `The store has no ${bucketOf(d)}.`,
    nextStep: () =>
      "Create the bucket. Pending data is then written and delivery goes on by itself.",
  },
  "destination.wrong_region": {
    fault: "user",
    httpStatus: 422,
    documentedName: "InvalidOssBucket",
    title: "The destination bucket is in another region",
    cause: (d) =>
      `The store says that ${bucketOf(d)} is not in region ${text(d, "region", "(unset)")}${d.actualRegion ? ` but in ${d.actualRegion}` : ""}.`,
    nextStep: () => "Correct the destination's region or endpoint. Delivery goes on by itself.",
  },
  "destination.key_taken": {
    fault: "user",
    httpStatus: 409,
    title: "An object that Culvert did not write stands where the next one belongs",
    cause: (d) =>
      `The key ${text(d, "key", "")} in ${bucketOf(d)} is taken. Culvert overwrites nothing that is not its own.`,
    nextStep: () => "Move or delete that object. Delivery goes on by itself.",
  },
  "destination.changed": {
    fault: "user",
    httpStatus: 409,
    title: "The destination changed while a batch was on its way",
    cause: (d) =>
      `A batch was decided for ${bucketOf(d)} at ${text(d, "location", "another store")}, and the destination now names another place.`,
    nextStep: () =>
      "Set the destination's bucket and endpoint back until that batch is delivered. Delivery goes on by itself.",
  },
  "destination.full": {
    fault: "user",
    httpStatus: 507,
    title: "The destination has no space left",
    cause: (d) => `The store could not keep more data in ${bucketOf(d)}.`,
    nextStep: () => "Free space or raise the quota. Delivery goes on by itself.",
  },
  "destination.unavailable": {
    fault: "transient",
    httpStatus: 503,
    title: "The destination does not answer",
    cause: (d) =>
      `${text(d, "operation", "A request")} on ${bucketOf(d)} failed (${text(d, "providerCode", "no answer")}).`,
    nextStep: () =>
      "Nothing to do yet: Culvert tries again and keeps its position. Check the endpoint if this lasts.",
  },
  "destination.upload_gone": {
    fault: "transient",
    httpStatus: 409,
    title: "An upload vanished before it was completed",
    cause: (d) => `The store no longer knows the upload of ${text(d, "key", "an object")}.`,
    nextStep: () => "Nothing to do: the batch is read again and uploaded anew.",
  },
  "source.unavailable": {
    fault: "transient",
    httpStatus: 503,
    title: "The source does not answer",
    cause: (d) =>
      `${text(d, "operation", "A request")} to the source failed (${text(d, "providerCode", "no answer")}).`,
    nextStep: () =>
      "Nothing to do yet: Culvert tries again and keeps its position. Check the endpoint if this lasts.",
  },
  "source.credentials_invalid": {
    fault: "user",
    httpStatus: 422,
    title: "The source's access key is not accepted",
    cause: (d) =>
      `The source refused the access key (${text(d, "providerCode", "OTSAuthFailed")}).`,
    nextStep: () =>
      "Enter the right access key and secret on the source. Delivery goes on by itself from where it stopped.",
  },
  "source.permission_denied": {
    fault: "user",
    httpStatus: 422,
    title: "The source's access key may not do this",
    cause: (d) =>
      `The source refused ${text(d, "operation", "a request")} (${text(d, "providerCode", "OTSPermissionDenied")}).`,
    nextStep: () =>
      "Give the key access to the table and to its tunnels. Delivery goes on by itself.",
  },
  "source.table_missing": {
    fault: "user",
    httpStatus: 422,
    title: "The source table does not exist",
    cause: (d) => `The source has no table ${text(d, "table", "of that name")}.`,
    nextStep: () => "Choose another table, or create it.",
  },
  "source.change_refused": {
    fault: "user",
    httpStatus: 422,
    title: "The source refused this",
    cause: (d) => text(d, "reason", "It gave no reason."),
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
      "Delete this task and create it again: a full scan brings the table's present state.",
  },
  "source.tunnel_exists": {
    fault: "user",
    httpStatus: 409,
    title: "A tunnel of that name exists",
    cause: (d) => `The table already has a tunnel ${text(d, "tunnel", "of that name")}.`,
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
    cause: (d) => `The bytes do not follow the protocol: ${text(d, "reason", "malformed")}.`,
    nextStep: () =>
      "Nothing to do yet: Culvert reads it again. If it lasts, the source is at fault.",
  },
  "task.reread_differs": {
    fault: "user",
    httpStatus: 409,
    title: "A batch could not be read again as it was",
    cause: () =>
      "Its upload vanished from the store, and the source now gives other records for the same range.",
    nextStep: () =>
      "Delete this task and create it again: nothing is delivered that differs from the account.",
  },
  "task.name_taken": {
    fault: "user",
    httpStatus: 409,
    title: "The name is taken",
    cause: (d) => `There is already a task named ${text(d, "name", "like that")}.`,
    nextStep: () => "Choose another name.",
  },
  "task.initialising": {
    fault: "user",
    httpStatus: 409,
    title: "The task is still initialising",
    cause: () => "A task can be deleted once its first channel is open.",
    nextStep: () => "Try again in a moment.",
  },
  "task.not_found": {
    fault: "user",
    httpStatus: 404,
    title: "There is no such task",
    cause: (d) => `No task is named ${text(d, "name", "like that")}.`,
    nextStep: () => "Check the name in the task list.",
  },
  "resource.not_found": {
    fault: "user",
    httpStatus: 404,
    title: "There is no such thing",
    cause: (d) => `Nothing is known under ${text(d, "id", "that id")}.`,
    nextStep: () => "Check the address.",
  },
  "resource.conflict": {
    fault: "user",
    httpStatus: 409,
    title: "That exists already or is in use",
    cause: (d) => text(d, "reason", "Another one stands in the way."),
    nextStep: () => "Choose another name, or remove what uses it first.",
  },
  "request.invalid": {
    fault: "user",
    httpStatus: 422,
    title: "The input cannot work",
    cause: () => "One or more fields are wrong.",
    nextStep: () => "Correct the fields named below.",
  },
  "request.malformed": {
    fault: "user",
    httpStatus: 400,
    title: "The request cannot be read",
    cause: (d) => text(d, "reason", "The body is not JSON."),
    nextStep: () => "Send JSON with the header Content-Type: application/json.",
  },
  "request.too_large": {
    fault: "user",
    httpStatus: 413,
    title: "The request is too large",
    cause: (d) => `A body may have ${text(d, "bytesMax", "fewer")} bytes.`,
    nextStep: () => "Send less.",
  },
  "request.cross_site": {
    fault: "user",
    httpStatus: 403,
    title: "The request comes from another site",
    cause: () => "A browser sent it with this console's cookie from a page that is not its own.",
    nextStep: () => "Use the console itself, or an API key in the Authorization header.",
  },
  "request.unauthenticated": {
    fault: "user",
    httpStatus: 401,
    title: "Sign in first",
    cause: () => "The request carries no valid session or API key.",
    nextStep: () => "Sign in, or send the header Authorization: Bearer <apiKey>.",
  },
  "request.forbidden": {
    fault: "user",
    httpStatus: 403,
    title: "Your role does not allow this",
    cause: (d) => `It takes the role ${text(d, "role", "administrator")}.`,
    nextStep: () => "Ask an administrator.",
  },
  "internal.database_unavailable": {
    fault: "transient",
    httpStatus: 503,
    title: "Culvert's database does not answer",
    cause: () => "PostgreSQL refused or dropped the connection.",
    nextStep: () =>
      "Nothing to do yet: delivery holds its position and goes on when the database is back.",
  },
  "internal.lease_lost": {
    fault: "transient",
    httpStatus: 503,
    title: "Another worker took over this channel",
    cause: () => "This worker's lease ran out, as after a long pause.",
    nextStep: () => "Nothing to do: the other worker goes on.",
  },
  "internal.invariant_broken": {
    fault: "internal",
    httpStatus: 500,
    title: "Culvert found itself in a state that must not be",
    cause: () => "A guarantee would have been broken, so the work was stopped before it could be.",
    nextStep: () => "Report this with the log line. Nothing was delivered wrongly.",
  },
  "internal.unexpected": {
    fault: "internal",
    httpStatus: 500,
    title: "Culvert failed in a way it does not know",
    cause: () => "The log line with this code says what happened.",
    nextStep: () => "Culvert tries again slowly. Report it if it lasts.",
  },
});

export type ErrorCode = keyof typeof errorCodes;

/** True for a string that some version of Culvert stored as a code and this one still knows. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCodes, code);
}

export type ErrorDescription = {
  readonly code: ErrorCode;
  readonly documentedName: string | null;
  readonly fault: Fault;
  readonly title: string;
  readonly cause: string;
  readonly nextStep: string;
};

/** What people read of an error: blocker, cause, next step. */
export function describeError(code: ErrorCode, details: ErrorDetails): ErrorDescription {
  const kind: ErrorKind = errorCodes[code];
  return {
    code,
    documentedName: kind.documentedName ?? null,
    fault: kind.fault,
    title: kind.title,
    cause: kind.cause(details),
    nextStep: kind.nextStep(details),
  };
}
