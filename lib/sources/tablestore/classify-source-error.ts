import { AppError, toAppError } from "@/lib/core/error";
import type { ErrorCode } from "@/lib/core/error-codes";
import type { ErrorDetails } from "@/lib/core/error-kind";
import { TablestoreError } from "@/lib/tablestore/error-body";
import { TransportError } from "@/lib/tablestore/http-transport";
import { MessageError } from "@/lib/tablestore/messages";
import { type OperationName, operations } from "@/lib/tablestore/operations";
import { PlainBufferError } from "@/lib/tablestore/plain-row";
import { trimmedMark } from "@/lib/tablestore/retry-plan";

/** What was asked of the source when it failed. */
export type SourceContext = {
  readonly operation: OperationName;
  readonly table?: string;
  readonly tunnel?: string;
};

/** Documented codes, by what a person has to do about them (reference: wire protocol 1.6). */
const codesByServiceCode: Readonly<Record<string, ErrorCode>> = {
  OTSAuthFailed: "source.credentials_invalid",
  OTSPermissionDenied: "source.permission_denied",
  OTSNoPermissionAccess: "source.permission_denied",
  OTSObjectNotExist: "source.table_missing",
  OTSTunnelExist: "source.tunnel_exists",
  OTSTunnelExpired: "source.tunnel_expired",
  OTSSequenceNumberNotMatch: "source.checkpoint_ahead",
  OTSResourceGone: "source.client_gone",
};

/**
 * Turns whatever a call threw into an AppError with a `source.*` code. Decided by an allow-list; what
 * is on no list is `source.unavailable`, which is retried, and its details name the service's code.
 * The service's own text is only in the cause: it may quote rows.
 */
export function classifySourceError(thrown: unknown, context: SourceContext): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof TablestoreError) return classifyRefusal(thrown, context);
  if (thrown instanceof TransportError) {
    const providerCode = thrown.systemCode ?? thrown.failure;
    return sourceError("source.unavailable", providerCode, context, thrown);
  }
  if (thrown instanceof MessageError || thrown instanceof PlainBufferError) {
    return new AppError("source.record_corrupt", `${context.operation}: ${thrown.message}`, {
      details: { ...detailsOf(context), reason: thrown.message },
      cause: thrown,
    });
  }
  return toAppError(thrown);
}

function classifyRefusal(error: TablestoreError, context: SourceContext): AppError {
  const refused = (code: ErrorCode, providerCode = error.code) =>
    sourceError(code, providerCode, context, error);
  if (error.serviceMessage.includes(trimmedMark)) return refused("source.tunnel_expired");
  const code = codesByServiceCode[error.code] ?? "source.unavailable";
  // The service answers these with its codes for keys, but no other key helps.
  if (error.code === "OTSAuthFailed" && error.serviceMessage.includes("x-ots-date")) {
    return refused("source.unavailable", "the clocks differ");
  }
  if (error.httpStatus === 403 && /instance is not (found|running)/i.test(error.serviceMessage)) {
    return refused(code, "no such instance");
  }
  if (error.code === "OTSParameterInvalid") return refused(codeOfInvalidParameter(error, context));
  return refused(code);
}

const saysUnknown = /not\s+exist|not\s+found|no\s+such|unknown|deleted/i;

/**
 * The tunnel service has no code of its own for a tunnel or a table that it does not know: it says
 * OTSParameterInvalid, as for any bad request, and only the text tells which. The texts are not
 * documented; "tunnel not exist" is what the official Terraform provider looks for. So this is a
 * guess by words: the text names a tunnel or a table, and says of it that it is unknown. Any other
 * invalid parameter is a request that should never have been made.
 */
function codeOfInvalidParameter(error: TablestoreError, context: SourceContext): ErrorCode {
  const text = error.serviceMessage;
  const isTunnelOperation = operations[context.operation].path.startsWith("/tunnel/");
  if (isTunnelOperation && /tunnel|table/i.test(text) && saysUnknown.test(text)) {
    return context.operation === "CreateTunnel" ? "source.table_missing" : "source.tunnel_missing";
  }
  return "internal.unexpected";
}

function sourceError(
  code: ErrorCode,
  providerCode: string,
  context: SourceContext,
  cause: TablestoreError | TransportError,
): AppError {
  const details: ErrorDetails = {
    ...detailsOf(context),
    providerCode,
    ...(cause instanceof TablestoreError
      ? { httpStatus: cause.httpStatus, requestId: cause.requestId }
      : {}),
  };
  return new AppError(code, `${context.operation} failed: ${cause.message}`, { details, cause });
}

function detailsOf({ operation, table, tunnel }: SourceContext): ErrorDetails {
  return {
    operation,
    ...(table === undefined ? {} : { table }),
    ...(tunnel === undefined ? {} : { tunnel }),
  };
}
