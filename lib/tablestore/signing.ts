import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/**
 * Signatures of requests and responses (reference: wire protocol 1.4 and 1.5). Header names are
 * given in lower case, as Node's HTTP server gives them; values that are not strings are not signed.
 */
export type SignedHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export type RequestToSign = {
  /** As the request line has it; doubled leading slashes are collapsed before anything is signed. */
  readonly path: string;
  readonly headers: SignedHeaders;
};

/** Some SDKs join their endpoint's slash with the operation's; both ends sign a single one. */
export function collapsePath(path: string): string {
  return path.replace(/^\/{2,}/, "/");
}

/** The value of x-ots-contentmd5. */
export function md5Base64(body: Uint8Array): string {
  return createHash("md5").update(body).digest("base64");
}

/** The header x-ots-signature: HMAC-SHA1 with the access key's secret. */
export function signRequestV2(request: RequestToSign, secret: string): string {
  return hmac("sha1", secret, requestText(request)).toString("base64");
}

/** The header x-ots-signaturev4: HMAC-SHA256 with a key derived for the day and the region. */
export function signRequestV4(request: RequestToSign, signingKey: string): string {
  return hmac("sha256", signingKey, `${requestText(request)}ots`).toString("base64");
}

/**
 * The key of V4 signatures, base64 text that is used as text.
 * `signDate` is the header x-ots-signdate (yyyyMMdd), `region` the header x-ots-signregion.
 */
export function deriveSigningKeyV4(secret: string, signDate: string, region: string): string {
  const dated = hmac("sha256", `aliyun_v4${secret}`, signDate);
  const regional = hmac("sha256", dated, region);
  const product = hmac("sha256", regional, "ots");
  return hmac("sha256", product, "aliyun_v4_request").toString("base64");
}

/** `signingKey` is what the response to a well-signed request has to be signed with. */
export type SignatureCheck =
  | { readonly ok: true; readonly signingKey: string }
  | { readonly ok: false };

/** Checks a request signed with V2 or V4, whichever header it brings, in constant time. */
export function verifyRequestSignature(request: RequestToSign, secret: string): SignatureCheck {
  const { headers } = request;
  const signatureV4 = headers["x-ots-signaturev4"];
  if (typeof signatureV4 === "string") {
    const signDate = headers["x-ots-signdate"];
    const region = headers["x-ots-signregion"];
    if (typeof signDate !== "string" || typeof region !== "string") return { ok: false };
    const signingKey = deriveSigningKeyV4(secret, signDate, region);
    const matches = isSame(signatureV4, signRequestV4(request, signingKey));
    return matches ? { ok: true, signingKey } : { ok: false };
  }
  const signature = headers["x-ots-signature"];
  const matches =
    typeof signature === "string" && isSame(signature, signRequestV2(request, secret));
  return matches ? { ok: true, signingKey: secret } : { ok: false };
}

export type ResponseToSign = {
  /** The request's path, collapsed or not. */
  readonly path: string;
  /** The response's headers, names in lower case. */
  readonly headers: SignedHeaders;
};

/** The response header Authorization; `signingKey` comes from the request's check. */
export function signResponse(
  response: ResponseToSign,
  accessKeyId: string,
  signingKey: string,
): string {
  const text = headerText(response.headers) + collapsePath(response.path);
  return `OTS ${accessKeyId}:${hmac("sha1", signingKey, text).toString("base64")}`;
}

/** Whether `authorization` is what the holder of the key would have signed the response with. */
export function verifyResponseSignature(
  response: ResponseToSign,
  authorization: string,
  accessKeyId: string,
  signingKey: string,
): boolean {
  return isSame(authorization, signResponse(response, accessKeyId, signingKey));
}

function requestText({ path, headers }: RequestToSign): string {
  return `${collapsePath(path)}\nPOST\n\n${headerText(headers)}`;
}

const signatureHeaders = new Set(["x-ots-signature", "x-ots-signaturev4"]);

function headerText(headers: SignedHeaders): string {
  let text = "";
  const names = Object.keys(headers).filter(
    (name) => name.startsWith("x-ots-") && !signatureHeaders.has(name),
  );
  for (const name of names.sort()) {
    const value = headers[name];
    if (typeof value === "string") text += `${name}:${value.trim()}\n`;
  }
  return text;
}

function hmac(algorithm: "sha1" | "sha256", key: string | Buffer, text: string): Buffer {
  return createHmac(algorithm, key).update(text, "utf8").digest();
}

function isSame(given: string, expected: string): boolean {
  const givenBytes = Buffer.from(given);
  const expectedBytes = Buffer.from(expected);
  return givenBytes.length === expectedBytes.length && timingSafeEqual(givenBytes, expectedBytes);
}
