import { describe, expect, it } from "vitest";
import {
  collapsePath,
  deriveSigningKeyV4,
  md5Base64,
  signRequestV2,
  signRequestV4,
  signResponse,
  verifyRequestSignature,
  verifyResponseSignature,
} from "./signing";

const emptyMd5 = "1B2M2Y8AsgTpgAmY7PhCfg==";
const requestHeaders = {
  "x-ots-accesskeyid": "ak",
  "x-ots-apiversion": "2015-12-31",
  "x-ots-contentmd5": emptyMd5,
  "x-ots-date": "2026-11-20T19:40:17.399Z",
  "x-ots-instancename": "inst",
};
const responseHeaders = {
  "x-ots-contentmd5": emptyMd5,
  "x-ots-contenttype": "protocol buffer",
  "x-ots-date": "2026-11-20T19:40:17.400Z",
  "x-ots-requestid": "0005f55a-0000-0000-0000-000000000001",
};
const path = "/ListTable";

describe("request signatures", () => {
  it("digests an empty body as documented", () => {
    expect(md5Base64(new Uint8Array(0))).toBe(emptyMd5);
  });

  it("signs what the npm SDK signs, with the same result", () => {
    const headers = { ...requestHeaders, host: "127.0.0.1", "x-ots-signature": "not signed" };
    expect(signRequestV2({ path, headers }, "sk")).toBe("RFb88HAGv+e5FrJv+R6mn0qlCro=");
  });

  it("signs trimmed values in name order, whatever order they came in", () => {
    const shuffled = Object.fromEntries(
      Object.entries(requestHeaders)
        .reverse()
        .map(([name, value]) => [name, ` ${value} `]),
    );
    expect(signRequestV2({ path, headers: shuffled }, "sk")).toBe("RFb88HAGv+e5FrJv+R6mn0qlCro=");
  });

  it("signs a doubled slash as a single one", () => {
    expect(collapsePath("//CreateTable")).toBe("/CreateTable");
    expect(collapsePath("/tunnel/create")).toBe("/tunnel/create");
    const doubled = signRequestV2({ path: "//ListTable", headers: requestHeaders }, "sk");
    expect(doubled).toBe("RFb88HAGv+e5FrJv+R6mn0qlCro=");
  });

  it("derives the documented V4 key", () => {
    expect(deriveSigningKeyV4("sk", "20261120", "cn-hangzhou")).toBe(
      "u9R2Uei5QewuaW6Cp2EBKFEcekhNqrFat+cyBbBzqwk=",
    );
  });

  it("accepts a V2 request and gives the secret to sign the response with", () => {
    const signature = signRequestV2({ path, headers: requestHeaders }, "sk");
    const headers = { ...requestHeaders, "x-ots-signature": signature };
    expect(verifyRequestSignature({ path, headers }, "sk")).toEqual({ ok: true, signingKey: "sk" });
  });

  it("accepts a V4 request and gives the derived key to sign the response with", () => {
    const dated = { ...requestHeaders, "x-ots-signdate": "20261120", "x-ots-signregion": "r" };
    const signingKey = deriveSigningKeyV4("sk", "20261120", "r");
    const signature = signRequestV4({ path, headers: dated }, signingKey);
    const headers = { ...dated, "x-ots-signaturev4": signature };
    expect(verifyRequestSignature({ path, headers }, "sk")).toEqual({ ok: true, signingKey });
    const otherRegion = { ...headers, "x-ots-signregion": "s" };
    expect(verifyRequestSignature({ path, headers: otherRegion }, "sk")).toEqual({ ok: false });
  });

  it.each<[string, Record<string, string>]>([
    ["no signature", {}],
    ["an empty signature", { "x-ots-signature": "" }],
    ["a signature by another secret", { "x-ots-signature": "RFb88HAGv+e5FrJv+R6mn0qlCrp=" }],
    ["a signature of other headers", { "x-ots-signature": "RFb88HAGv+e5FrJv+R6mn0qlCro=" }],
    ["a V4 signature without its date", { "x-ots-signaturev4": "x", "x-ots-signregion": "r" }],
  ])("refuses %s", (_, extra) => {
    const headers = { ...requestHeaders, "x-ots-ststoken": "t", ...extra };
    expect(verifyRequestSignature({ path, headers }, "sk")).toEqual({ ok: false });
  });
});

describe("response signatures", () => {
  const authorization = "OTS ak:t1ugdsww6KB6qyCQbYbuQdfaWi8=";

  it("signs as official clients verify", () => {
    const headers = { ...responseHeaders, "content-length": "0" };
    expect(signResponse({ path, headers }, "ak", "sk")).toBe(authorization);
    expect(signResponse({ path: "//ListTable", headers }, "ak", "sk")).toBe(authorization);
  });

  it("accepts its own signature and refuses a changed response", () => {
    const response = { path, headers: responseHeaders };
    expect(verifyResponseSignature(response, authorization, "ak", "sk")).toBe(true);
    expect(verifyResponseSignature(response, authorization, "ak", "other")).toBe(false);
    const changed = { ...responseHeaders, "x-ots-date": "2026-11-20T19:40:17.401Z" };
    const elsewhere = { path, headers: changed };
    expect(verifyResponseSignature(elsewhere, authorization, "ak", "sk")).toBe(false);
  });
});
