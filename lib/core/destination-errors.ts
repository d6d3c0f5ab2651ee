import { defineErrorKinds, detailOf, type ErrorDetails } from "./error-kind";

const bucketOf = (details: ErrorDetails) => `bucket ${detailOf(details, "bucket", "(unnamed)")}`;

/** What can be wrong with a bucket, its key, or what stands in it. */
export const destinationErrors = defineErrorKinds({
  "destination.access_denied": {
    fault: "user",
    httpStatus: 422,
    documentedName: "UnAuthorized",
    title: "Culvert is not allowed to write to the destination",
    cause: (d) =>
      `The store refused ${detailOf(d, "operation", "a request")} on ${bucketOf(d)} for the destination's access key.`,
    nextStep: () =>
      "Give the key the permissions in the policy shown, or enter another key. Delivery goes on by itself from where it stopped.",
  },
  "destination.credentials_invalid": {
    fault: "user",
    httpStatus: 422,
    documentedName: "UnAuthorized",
    title: "The destination's access key is not accepted",
    cause: (d) =>
      `The store does not know the access key, or its secret does not match (${detailOf(d, "providerCode", "signature refused")}).`,
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
      "Create the bucket. Pending data is then written, what was in it is delivered again as far as the source still has it, and delivery goes on by itself.",
  },
  "destination.wrong_region": {
    fault: "user",
    httpStatus: 422,
    documentedName: "InvalidOssBucket",
    title: "The destination bucket is in another region",
    cause: (d) =>
      `The store says that ${bucketOf(d)} is not in region ${detailOf(d, "region", "(unset)")}${d.actualRegion ? ` but in ${d.actualRegion}` : ""}.`,
    nextStep: () => "Correct the destination's region or endpoint. Delivery goes on by itself.",
  },
  "destination.key_taken": {
    fault: "user",
    httpStatus: 409,
    title: "An object that Culvert did not write stands where the next one belongs",
    cause: (d) =>
      `The key ${detailOf(d, "key", "")} in ${bucketOf(d)} is taken. Culvert overwrites nothing that is not its own.`,
    nextStep: () => "Move or delete that object. Delivery goes on by itself.",
  },
  "destination.changed": {
    fault: "user",
    httpStatus: 409,
    title: "The destination changed while a batch was on its way",
    cause: (d) =>
      `A batch was decided for ${bucketOf(d)} at ${detailOf(d, "location", "another store")}, and the destination now names another place.`,
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
      `${detailOf(d, "operation", "A request")} on ${bucketOf(d)} failed (${detailOf(d, "providerCode", "no answer")}).`,
    nextStep: () =>
      "Nothing to do yet: Culvert tries again and keeps its position. Check the endpoint if this lasts.",
  },
  "destination.upload_gone": {
    fault: "transient",
    httpStatus: 409,
    title: "An upload vanished before it was completed",
    cause: (d) => `The store no longer knows the upload of ${detailOf(d, "key", "an object")}.`,
    nextStep: () => "Nothing to do: the batch is read again and uploaded anew.",
  },
});
