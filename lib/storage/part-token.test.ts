import fc from "fast-check";
import { expect, it } from "vitest";
import { joinPartToken, splitPartToken } from "./part-token";

it("a part's token gives back the ETag and checksum it was made of", () => {
  const base64 = fc
    .uint8Array({ minLength: 4, maxLength: 4 })
    .map((bytes) => Buffer.from(bytes).toString("base64"));
  fc.assert(
    fc.property(fc.string(), fc.option(base64, { nil: undefined }), (text, crc32) => {
      const etag = `"${text}"`;
      expect(splitPartToken(joinPartToken(etag, crc32))).toEqual({ etag, crc32 });
    }),
  );
});
