import { AppError } from "@/lib/core/error";
import { problemResponse } from "../../_http/problem-response";

/** Addresses that no route has: a problem document like every other failure, and not a page. */
function answerUnknown(request: Request): Response {
  const id = new URL(request.url).pathname;
  return problemResponse(new AppError("resource.not_found", "No such route", { details: { id } }));
}

export const GET = answerUnknown;
export const POST = answerUnknown;
export const PUT = answerUnknown;
export const PATCH = answerUnknown;
export const DELETE = answerUnknown;
