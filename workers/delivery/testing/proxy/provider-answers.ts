import { encodeErrorBody } from "@/lib/tablestore/error-body";
import type { HttpFault } from "./http-proxy";

/** What services answer when they refuse, in their own words and codes. */
export type ProviderAnswer = Extract<HttpFault, { kind: "answer" }>;

export function s3Answer(status: number, code: string): ProviderAnswer {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${code}</Message></Error>`;
  return { kind: "answer", status, headers: { "content-type": "application/xml" }, body };
}

export function tablestoreAnswer(status: number, code: string, message = code): ProviderAnswer {
  return { kind: "answer", status, body: encodeErrorBody({ code, message }) };
}
