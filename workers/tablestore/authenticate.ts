import {
  md5Base64,
  type RequestToSign,
  type SignedHeaders,
  verifyRequestSignature,
} from "@/lib/tablestore/signing";
import { parameterInvalid, Refusal } from "./refusal";

export type AccessRules = {
  readonly instance: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** How far x-ots-date may be from this machine's clock, or null for any distance. */
  readonly clockSkewMaxMs: number | null;
};

/** What the response is signed with. */
export type Authenticated = { readonly accessKeyId: string; readonly signingKey: string };

const requiredHeaders = [
  "x-ots-date",
  "x-ots-apiversion",
  "x-ots-accesskeyid",
  "x-ots-instancename",
  "x-ots-contentmd5",
] as const;

/** Checks who sent a request, in the order in which the service names its complaints. */
export function authenticate(
  request: RequestToSign,
  body: Buffer,
  rules: AccessRules,
  nowMs: number,
): Authenticated {
  const { headers } = request;
  for (const name of requiredHeaders) {
    if (typeof headers[name] !== "string") throw parameterInvalid(`Missing header: ${name}.`);
  }
  if (headers["x-ots-signature"] === undefined && headers["x-ots-signaturev4"] === undefined) {
    throw parameterInvalid("Missing header: x-ots-signature.");
  }
  checkDate(headers, rules.clockSkewMaxMs, nowMs);
  if (headers["x-ots-contentmd5"] !== md5Base64(body)) {
    throw authFailed("Mismatch between MD5 value of request body and x-ots-contentmd5 in header.");
  }
  if (headers["x-ots-accesskeyid"] !== rules.accessKeyId) {
    throw authFailed("The AccessKeyID does not exist.");
  }
  const check = verifyRequestSignature(request, rules.accessKeySecret);
  if (!check.ok) throw authFailed("Signature mismatch.");
  if (headers["x-ots-instancename"] !== rules.instance) {
    throw authFailed("The instance is not found.");
  }
  return { accessKeyId: rules.accessKeyId, signingKey: check.signingKey };
}

/** One SDK prints a fraction that is no fraction of the second; the parser takes it all the same. */
function checkDate(headers: SignedHeaders, skewMaxMs: number | null, nowMs: number): void {
  if (skewMaxMs === null) return;
  const sentMs = Date.parse(String(headers["x-ots-date"]));
  if (Number.isNaN(sentMs) || Math.abs(sentMs - nowMs) > skewMaxMs) {
    throw authFailed(`Mismatch between system time and x-ots-date: ${headers["x-ots-date"]}.`);
  }
}

function authFailed(message: string): Refusal {
  return new Refusal("OTSAuthFailed", message);
}
