import { expect, test } from "vitest";
import { etagOfParts } from "./object-etag";
import { joinPartToken } from "./part-token";

test("an object's ETag is told from its parts as S3 makes it", () => {
  // Two parts "a" and "b": md5(md5("a") + md5("b")).
  const parts = [
    { partNumber: 1, etag: joinPartToken('"0cc175b9c0f1b6a831c399e269772661"', "6LeyQw==") },
    { partNumber: 2, etag: '"92eb5ffee6ae2fec3ad71c777531578f"' },
  ];
  expect(etagOfParts(parts)).toBe("96e024ba2074fe77e8e965ba43a704be-2");
  expect(etagOfParts([{ partNumber: 1, etag: '"not an md5"' }])).toBeNull();
});
