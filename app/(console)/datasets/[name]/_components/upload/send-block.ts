import { ApiProblem, refusalOf } from "@/app/_api-client/request";
import type { UploadBlockView } from "@/lib/contracts/upload-session-body";

/** A refusal, with how long the API asks to be left alone. */
export class BlockRefused extends ApiProblem {
  readonly retryAfterMs: number | null;

  constructor(refusal: ApiProblem, retryAfterMs: number | null) {
    super(refusal.problem);
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Sends one block. By XMLHttpRequest, because fetch tells nothing of how much of a body is sent. Throws
 * BlockRefused, also when the connection broke (its status is then 0), and the signal's reason.
 */
export function sendBlock(request: {
  /** Under /api/v1. */
  path: string;
  body: Blob;
  contentType: string;
  signal: AbortSignal;
  onSent: (bytes: number) => void;
}): Promise<UploadBlockView> {
  const { body, signal } = request;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const call = new XMLHttpRequest();
    const refuse = () => {
      const seconds = Number(call.getResponseHeader("retry-after") ?? Number.NaN);
      const retryAfterMs = Number.isFinite(seconds) ? seconds * 1_000 : null;
      reject(new BlockRefused(refusalOf(call.status, call.responseText), retryAfterMs));
    };
    const abort = () => call.abort();
    call.upload.onprogress = ({ loaded }) => request.onSent(loaded);
    call.onload = () => {
      if (call.status < 200 || call.status > 299) refuse();
      else resolve(JSON.parse(call.responseText) as UploadBlockView);
    };
    call.onerror = refuse;
    call.onabort = () => reject(signal.reason);
    call.onloadend = () => signal.removeEventListener("abort", abort);
    signal.addEventListener("abort", abort);
    call.open("PUT", `/api/v1${request.path}`);
    call.setRequestHeader("content-type", request.contentType);
    call.send(body);
  });
}
