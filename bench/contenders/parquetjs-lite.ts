import { createRequire } from "node:module";
import { PassThrough } from "node:stream";
import type { RowTarget } from "@/lib/core/ports/row-target";
import { createRecordDecoder } from "@/lib/sources/tablestore/record-decoder";
import { TablestoreRecordPage } from "@/lib/sources/tablestore/record-page";
import type { Contender } from "../contender";
import { sampleColumns, sampleMapping } from "../sample-records";
import { readInteger, readText } from "../value-reading";

const require = createRequire(import.meta.url);
const { ParquetSchema, ParquetWriter } = require("parquetjs-lite");

type Row = Record<string, number | bigint | boolean | string | undefined>;

/** Our decoder with a target that gives each row the form that parquetjs-lite takes: an object. */
class RowObjects implements RowTarget {
  rows: Row[] = [];
  #row: Row = {};

  putInt64(column: number, source: DataView, offset: number): void {
    this.#row[nameOf(column)] = readInteger(source, offset);
  }
  putDouble(column: number, source: DataView, offset: number): void {
    this.#row[nameOf(column)] = source.getFloat64(offset, true);
  }
  putBoolean(column: number, value: boolean): void {
    this.#row[nameOf(column)] = value;
  }
  putBytes(column: number, source: DataView, start: number, end: number): void {
    this.#row[nameOf(column)] = readText(source, start, end);
  }
  endRow(): void {
    this.rows.push(this.#row);
    this.#row = {};
  }
}

const names = sampleColumns.map(({ name }) => name);
const nameOf = (column: number) => names[column] as string;

/** `appendRow` is awaited each time, as documented: without that it writes rows many times over. */
export const parquetjsLite: Contender = {
  name: "parquetjs-lite",
  isSlow: true,
  compressions: ["uncompressed", "snappy"],
  async open({ compression, rowGroupRows }) {
    const codec = compression === "snappy" ? "SNAPPY" : "UNCOMPRESSED";
    const schema = new ParquetSchema(
      Object.fromEntries(
        sampleColumns.map(({ name, type }) => [
          name,
          { type, optional: true, compression: codec, encoding: "PLAIN" },
        ]),
      ),
    );
    let bytes = 0;
    const sink = new PassThrough();
    sink.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    const writer = await ParquetWriter.openStream(schema, sink, { rowGroupSize: rowGroupRows });
    const decoder = createRecordDecoder(sampleMapping, null);
    return {
      async consume(body) {
        const page = decoder.decode(new TablestoreRecordPage(body));
        const target = new RowObjects();
        page.append(0, page.recordCount, { route: () => target, dirtyValue: () => {} });
        for (const row of target.rows) await writer.appendRow(row);
      },
      async finish() {
        await writer.close();
        return bytes;
      },
    };
  },
};
