import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ChunkedBodyOptions, decodeChunkedBody } from "./chunked-body";

/** The worked examples of AWS's documentation: 65 KiB of the letter a, in chunks of 64 and 1 KiB. */
const signingKey = ["20130524", "us-east-1", "s3", "aws4_request"].reduce(
  (key, text) => createHmac("sha256", key).update(text).digest(),
  Buffer.from("AWS4wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
);
const signing = (signature: string) => ({
  amzDate: "20130524T000000Z",
  scope: "20130524/us-east-1/s3/aws4_request",
  signature,
  signingKey,
});
const letters = (count: number) => "a".repeat(count);
const signedBody = [
  "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
  letters(65_536),
  "400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
  letters(1024),
  "0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
  "",
  "",
].join("\r\n");
const signedSeed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
const trailerBody = [
  "10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
  letters(65_536),
  "400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
  letters(1024),
  "0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
  "x-amz-checksum-crc32c:sOO8/Q==",
  "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435",
  "",
  "",
].join("\r\n");
const trailerSeed = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e";

async function* pieces(text: string, bytes: number): AsyncGenerator<Buffer> {
  const data = Buffer.from(text, "latin1");
  for (let at = 0; at < data.length; at += bytes) yield data.subarray(at, at + bytes);
}

async function decode(
  text: string,
  options: Partial<ChunkedBodyOptions> = {},
  bytes = 16_384,
): Promise<{ text: string; trailers: Map<string, string> }> {
  const trailers = new Map<string, string>();
  const wanted = { expectsTrailer: false, trailers, ...options };
  const decoded: Buffer[] = [];
  for await (const data of decodeChunkedBody(pieces(text, bytes), wanted)) decoded.push(data);
  return { text: Buffer.concat(decoded).toString("latin1"), trailers };
}

describe("an aws-chunked body", () => {
  it("with signed chunks is verified as AWS documents it", async () => {
    const decoded = await decode(signedBody, { signing: signing(signedSeed) });
    expect(decoded.text === letters(66_560)).toBe(true);
  });

  it("with a signed trailer is verified as AWS documents it", async () => {
    const options = { signing: signing(trailerSeed), expectsTrailer: true };
    const decoded = await decode(trailerBody, options);
    expect(decoded.text === letters(66_560)).toBe(true);
    expect(decoded.trailers.get("x-amz-checksum-crc32c")).toBe("sOO8/Q==");
  });

  it("is refused when a byte of a chunk, or the trailer, was changed", async () => {
    const changed = signedBody.replace("\r\naaaa", "\r\naaab");
    await expect(decode(changed, { signing: signing(signedSeed) })).rejects.toMatchObject({
      code: "SignatureDoesNotMatch",
    });
    const trailer = trailerBody.replace("sOO8/Q==", "sOO8/R==");
    const options = { signing: signing(trailerSeed), expectsTrailer: true };
    await expect(decode(trailer, options)).rejects.toMatchObject({
      code: "SignatureDoesNotMatch",
    });
  });

  it("that ends early is incomplete, wherever it was cut", async () => {
    for (const cut of [2, 100, 66_000, signedBody.indexOf("\r\n0;") + 5]) {
      const options = { signing: signing(signedSeed) };
      const decoded = decode(signedBody.slice(0, cut), options).then(() => "decoded");
      await expect(decoded).rejects.toMatchObject({ code: "IncompleteBody" });
    }
  });

  it("is the same whatever pieces it arrives in", async () => {
    const chunk = fc.string({ unit: fc.constantFrom("a", "\r", "\n", "0", ";"), minLength: 1 });
    await fc.assert(
      fc.asyncProperty(fc.array(chunk), fc.integer({ min: 1, max: 40 }), async (chunks, bytes) => {
        const framed = chunks.map((text) => `${text.length.toString(16)}\r\n${text}\r\n`).join("");
        const body = `${framed}0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n`;
        const decoded = await decode(body, { expectsTrailer: true }, bytes);
        expect(decoded.text).toBe(chunks.join(""));
        expect([...decoded.trailers]).toEqual([["x-amz-checksum-crc32", "AAAAAA=="]]);
      }),
    );
  });

  it("may leave out the empty line after its trailer", async () => {
    const body = "1\r\na\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n";
    expect((await decode(body, { expectsTrailer: true })).trailers.size).toBe(1);
  });

  it("cannot make the reader keep an endless line", async () => {
    async function* endless(): AsyncGenerator<Buffer> {
      for (let count = 0; count < 10_000; count += 1) yield Buffer.alloc(1024, "1");
      throw new Error("The reader did not stop");
    }
    const options = { expectsTrailer: false, trailers: new Map<string, string>() };
    await expect(decodeChunkedBody(endless(), options).next()).rejects.toMatchObject({
      code: "InvalidRequest",
    });
  });

  it.each(["x\r\na\r\n0\r\n\r\n", "2\r\naXX\r\n0\r\n\r\n", "-1\r\n\r\n", "ffffffffffffff\r\n"])(
    "with broken framing is refused: %j",
    async (body) => {
      await expect(decode(body)).rejects.toMatchObject({ code: "InvalidRequest" });
    },
  );
});
