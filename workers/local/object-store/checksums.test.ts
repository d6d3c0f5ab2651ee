import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ChecksumAlgorithm, combineChecksums, createChecksum } from "./checksums";

function digest(algorithm: ChecksumAlgorithm, data: Uint8Array): Buffer {
  const checksum = createChecksum(algorithm);
  checksum.update(data);
  return checksum.digest();
}

describe("checksums", () => {
  /** The check values of the CRC catalogue: each algorithm over the digits 1 to 9. */
  it.each([
    ["CRC32", "cbf43926"],
    ["CRC32C", "e3069283"],
    ["CRC64NVME", "ae8b14860a799888"],
    ["SHA1", "f7c3bc1d808e04732adf679965ccc34ca7ae3441"],
    ["SHA256", "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"],
  ] as const)("%s of 123456789 is %s", (algorithm, hex) => {
    expect(digest(algorithm, Buffer.from("123456789")).toString("hex")).toBe(hex);
  });

  it("do not depend on the pieces the data comes in", () => {
    const algorithms = fc.constantFrom<ChecksumAlgorithm>("CRC32", "CRC32C", "CRC64NVME");
    fc.assert(
      fc.property(algorithms, fc.uint8Array(), fc.uint8Array(), (algorithm, first, second) => {
        const checksum = createChecksum(algorithm);
        checksum.update(first);
        checksum.update(second);
        expect(checksum.digest()).toEqual(digest(algorithm, Buffer.concat([first, second])));
      }),
    );
  });

  it("of parts combine into the checksum of the whole object", () => {
    const algorithms = fc.constantFrom<ChecksumAlgorithm>("CRC32", "CRC32C", "CRC64NVME");
    const parts = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(algorithms, parts, (algorithm, bodies) => {
        const pieces = bodies.map((body) => ({
          value: digest(algorithm, body).toString("base64"),
          sizeBytes: body.length,
        }));
        expect(combineChecksums(algorithm, "FULL_OBJECT", pieces).value).toBe(
          digest(algorithm, Buffer.concat(bodies)).toString("base64"),
        );
      }),
    );
  });

  it("of a composite kind are the checksum of the parts' checksums, with their number", () => {
    const parts = ["one", "two"].map((text) => ({
      value: digest("SHA256", Buffer.from(text)).toString("base64"),
      sizeBytes: 3,
    }));
    const joined = Buffer.concat(parts.map((part) => Buffer.from(part.value, "base64")));
    expect(combineChecksums("SHA256", "COMPOSITE", parts).value).toBe(
      `${createHash("sha256").update(joined).digest("base64")}-2`,
    );
  });
});
