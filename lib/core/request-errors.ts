import { defineErrorKinds, detailOf } from "./error-kind";

/** What can be wrong with what somebody asks of Culvert. */
export const requestErrors = defineErrorKinds({
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
    cause: (d) => `There is already a task named ${detailOf(d, "name", "like that")}.`,
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
    cause: (d) => `No task is named ${detailOf(d, "name", "like that")}.`,
    nextStep: () => "Check the name in the task list.",
  },
  "resource.not_found": {
    fault: "user",
    httpStatus: 404,
    title: "There is no such thing",
    cause: (d) => `Nothing is known under ${detailOf(d, "id", "that id")}.`,
    nextStep: () => "Check the address.",
  },
  "resource.conflict": {
    fault: "user",
    httpStatus: 409,
    title: "That exists already or is in use",
    cause: (d) => detailOf(d, "reason", "Another one stands in the way."),
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
    cause: (d) => detailOf(d, "reason", "The body is not JSON."),
    nextStep: () => "Send JSON with the header Content-Type: application/json.",
  },
  "request.too_large": {
    fault: "user",
    httpStatus: 413,
    title: "The request is too large",
    cause: (d) => `A body may have ${detailOf(d, "bytesMax", "fewer")} bytes.`,
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
    cause: (d) => `It takes the role ${detailOf(d, "role", "administrator")}.`,
    nextStep: () => "Ask an administrator.",
  },
});
