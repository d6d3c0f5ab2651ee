import { type ProblemDocument, problemContentType } from "@/lib/contracts/problem-document";
import { type AppError, toAppError } from "@/lib/core/error";
import { describeError, errorCodes } from "@/lib/core/error-codes";
import { InvalidInputError } from "@/lib/core/invalid-input";

/**
 * The RFC 9457 document of a failure. Only what the error's code and details say: messages and
 * causes are for logs, because what a library threw may quote anything.
 */
export function problemDocumentOf(error: AppError): ProblemDocument {
  const { code, title, cause, nextStep, documentedName } = describeError(error.code, error.details);
  const problems = error instanceof InvalidInputError ? error.problems : [];
  return {
    type: "about:blank",
    status: errorCodes[code].httpStatus,
    code,
    title,
    detail: cause,
    cause,
    nextStep,
    documentedName,
    errors: problems.map(({ field, message, at, line }) => ({
      field,
      message,
      ...(at === undefined ? {} : { at }),
      ...(line === undefined ? {} : { line }),
    })),
  };
}

export function problemResponse(thrown: unknown): Response {
  const error = toAppError(thrown);
  const document = problemDocumentOf(error);
  const headers = new Headers({
    "content-type": problemContentType,
    "cache-control": "no-store",
  });
  if (document.status === 401) headers.set("www-authenticate", 'Bearer realm="culvert"');
  if (document.status === 503) headers.set("retry-after", "2");
  if (document.status === 429) {
    headers.set("retry-after", String(error.details.retryAfterSeconds ?? 1));
  }
  return new Response(JSON.stringify(document), { status: document.status, headers });
}
