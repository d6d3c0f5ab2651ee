import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createParquetWriter } from "./parquet-writer";
import { footerBytes, readFooter } from "./read-footer";

async function objectOf(rows: number): Promise<Buffer> {
  const writer = createParquetWriter({
    columns: [{ name: "n", type: "INT64", encoding: "PLAIN" }],
    compression: "uncompressed",
    keyValueMetadata: { "culvert.task": "orders" },
  });
  const value = new DataView(new ArrayBuffer(8));
  for (let row = 0; row < rows; row += 1) {
    writer.putInt64(0, value, 0);
    writer.endRow();
  }
  return Buffer.concat([...writer.takeClosed(), ...(await writer.finish())]);
}

describe("an object's footer", () => {
  it("says how many rows the object has", async () => {
    for (const rows of [1, 2, 1_000]) {
      const object = await objectOf(rows);
      const length = footerBytes(object.subarray(-100)) ?? 0;
      expect(readFooter(object.subarray(-length))).toEqual({ rows });
      expect(readFooter(object)).toEqual({ rows });
    }
  });

  it("is none when the object was cut short, or is something else", async () => {
    const object = await objectOf(10);
    expect(readFooter(object.subarray(0, -1))).toBeNull();
    expect(readFooter(object.subarray(-20))).toBeNull();
    expect(readFooter(Buffer.from("PAR1"))).toBeNull();
    expect(readFooter(new Uint8Array())).toBeNull();
  });

  it("is read or refused, whatever the bytes, and never thrown at", () => {
    const noise = fc.uint8Array({ maxLength: 200 }).map((bytes) => {
      const end = Buffer.alloc(8);
      end.writeUInt32LE(bytes.length, 0);
      end.write("PAR1", 4, "latin1");
      return Buffer.concat([bytes, end]);
    });
    fc.assert(
      fc.property(noise, (bytes) => {
        const footer = readFooter(bytes);
        expect(footer === null || typeof footer.rows === "number").toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
