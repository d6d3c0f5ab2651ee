import { describe, expect, it } from "vitest";
import { AppError } from "@/lib/core/error";
import type { ErrorCode } from "@/lib/core/error-codes";
import { TablestoreError } from "@/lib/tablestore/error-body";
import { TransportError } from "@/lib/tablestore/http-transport";
import { MessageError } from "@/lib/tablestore/messages";
import type { OperationName } from "@/lib/tablestore/operations";
import { PlainBufferError } from "@/lib/tablestore/plain-row";
import { classifySourceError } from "./classify-source-error";

function refusal(httpStatus: number, code: string, message = "") {
  return new TablestoreError({ httpStatus, code, message, requestId: "r" });
}
const classify = (thrown: unknown, operation: OperationName = "ReadRecords") =>
  classifySourceError(thrown, { operation, table: "t", tunnel: "n" });

describe("refusals of the service", () => {
  it.each<[number, string, string, OperationName, ErrorCode]>([
    [403, "OTSAuthFailed", "Signature mismatch.", "ListTable", "source.credentials_invalid"],
    [403, "OTSPermissionDenied", "", "Heartbeat", "source.permission_denied"],
    [403, "OTSNoPermissionAccess", "", "GetRange", "source.permission_denied"],
    [404, "OTSObjectNotExist", "", "DescribeTable", "source.table_missing"],
    [409, "OTSTunnelExist", "", "CreateTunnel", "source.tunnel_exists"],
    [400, "OTSTunnelExpired", "", "ReadRecords", "source.tunnel_expired"],
    [410, "OTSResourceGone", "", "Heartbeat", "source.client_gone"],
    [400, "OTSSequenceNumberNotMatch", "", "Checkpoint", "source.checkpoint_ahead"],
    [503, "OTSTunnelServerUnavailable", "", "ReadRecords", "source.unavailable"],
    [500, "OTSInternalServerError", "", "GetRange", "source.unavailable"],
    [418, "OTSSomethingNew", "", "GetRange", "source.unavailable"],
    [502, "HTTP502", "", "GetRange", "source.unavailable"],
  ])("%s %s (%s) in %s become %s", (status, code, message, operation, expected) => {
    const error = classify(refusal(status, code, message), operation);
    expect(error.code).toBe(expected);
    expect(error.details).toEqual({
      operation,
      table: "t",
      tunnel: "n",
      providerCode: code,
      httpStatus: status,
      requestId: "r",
    });
  });

  it.each([400, 503])("for a trimmed stream are an expired tunnel, status %s or not", (status) => {
    const message = "OTSTrimmedDataAccess Requested stream data is already trimmed";
    const error = classify(refusal(status, "OTSTunnelServerUnavailable", message));
    expect(error.code).toBe("source.tunnel_expired");
  });

  it("for clocks that differ are not blamed on the key", () => {
    const message = "Mismatch between system time and x-ots-date: 2026-11-20T19:40:17Z.";
    expect(classify(refusal(403, "OTSAuthFailed", message)).code).toBe("source.unavailable");
  });

  it("for an unknown instance say so", () => {
    const error = classify(refusal(403, "OTSAuthFailed", "The instance is not found."));
    expect(error.code).toBe("source.credentials_invalid");
    expect(error.details.providerCode).toBe("no such instance");
  });

  it.each<[string, OperationName, ErrorCode]>([
    ["tunnel not exist", "Heartbeat", "source.tunnel_missing"],
    ["The tunnel does not exist.", "ReadRecords", "source.tunnel_missing"],
    ["Unknown tunnel 1234.", "GetCheckpoint", "source.tunnel_missing"],
    ["table not found", "DescribeTunnel", "source.tunnel_missing"],
    ["Requested table does not exist.", "CreateTunnel", "source.table_missing"],
    ["Malformed token for this tunnel.", "ReadRecords", "internal.unexpected"],
    ["channel not found", "ReadRecords", "internal.unexpected"],
    ["Unknown table.", "GetRange", "internal.unexpected"],
  ])("for an invalid parameter that say %j in %s become %s", (message, operation, expected) => {
    const error = classify(refusal(400, "OTSParameterInvalid", message), operation);
    expect(error.code).toBe(expected);
  });

  it("keep the service's text out of what people are shown, and the cause for the log", () => {
    const cause = refusal(400, "OTSParameterInvalid", "row content: 4711");
    const error = classify(cause);
    expect(JSON.stringify(error.details)).not.toContain("4711");
    expect(error.cause).toBe(cause);
  });
});

describe("failures without an answer", () => {
  it("are the source not answering, with the system's name for it", () => {
    const cause = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
    const error = classify(new TransportError("unreachable", "connect", cause));
    expect(error.code).toBe("source.unavailable");
    expect(error.details.providerCode).toBe("ECONNREFUSED");
    const late = classify(new TransportError("timeout", "late"));
    expect(late.details.providerCode).toBe("timeout");
  });
});

describe("answers that cannot be read", () => {
  it.each([new MessageError("ReadRecordsResponse", "cut"), new PlainBufferError("Cut short", 3)])(
    "are a corrupt record: $name",
    (cause) => {
      const error = classify(cause);
      expect(error.code).toBe("source.record_corrupt");
      expect(error.details.reason).toBe(cause.message);
      expect(error.cause).toBe(cause);
    },
  );
});

describe("anything else", () => {
  it("passes through when it has a code, and is our own bug when not", () => {
    const known = new AppError("source.client_gone", "gone");
    expect(classify(known)).toBe(known);
    expect(classify(new TypeError("oops")).code).toBe("internal.unexpected");
  });
});
