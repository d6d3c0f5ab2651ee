import { defineErrorKinds } from "./error-kind";

/** What can be wrong with Culvert itself. */
export const internalErrors = defineErrorKinds({
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
