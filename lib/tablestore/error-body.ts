import { decodeMessage, encodeMessage, MessageError } from "./messages";

export type ErrorBody = { readonly code: string; readonly message: string };

/** The body of every response that is not 2xx. Field 3 stays unset: SDKs disagree on its type. */
export function encodeErrorBody({ code, message }: ErrorBody): Uint8Array {
  return encodeMessage("Error", { code, message });
}

/** Null when the body is no error of the service, as when a proxy answered. */
export function decodeErrorBody(bytes: Uint8Array): ErrorBody | null {
  try {
    const { code, message } = decodeMessage("Error", bytes);
    return { code, message: message ?? "" };
  } catch (error) {
    if (error instanceof MessageError) return null;
    throw error;
  }
}

/** The service refused an operation. `code` is its own, or `HTTP<status>` when the body had none. */
export class TablestoreError extends Error {
  override readonly name = "TablestoreError";
  readonly httpStatus: number;
  readonly code: string;
  /** The service's text, without the code. */
  readonly serviceMessage: string;
  readonly requestId: string | null;

  constructor(failure: {
    httpStatus: number;
    code: string;
    message: string;
    requestId: string | null;
  }) {
    super(`${failure.code}: ${failure.message}`);
    this.httpStatus = failure.httpStatus;
    this.code = failure.code;
    this.serviceMessage = failure.message;
    this.requestId = failure.requestId;
  }
}
