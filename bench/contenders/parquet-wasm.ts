import { createRequire } from "node:module";
import {
  Bool,
  type Data,
  type DataType,
  Field,
  Float64,
  Int64,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  tableToIPC,
  Utf8,
} from "apache-arrow";
import type { RowTarget } from "@/lib/core/ports/row-target";
import { createRecordDecoder } from "@/lib/sources/tablestore/record-decoder";
import { TablestoreRecordPage } from "@/lib/sources/tablestore/record-page";
import type { Contender } from "../contender";
import { sampleColumns, sampleMapping } from "../sample-records";

const wasm = createRequire(import.meta.url)("parquet-wasm") as typeof import("parquet-wasm");

const typeOf = {
  BOOLEAN: () => new Bool(),
  INT64: () => new Int64(),
  DOUBLE: () => new Float64(),
  UTF8: () => new Utf8(),
  BINARY: () => new Utf8(),
};
const types: DataType[] = sampleColumns.map(({ type }) => typeOf[type]());
const schema = new Schema(
  sampleColumns.map(({ name }, at) => new Field(name, types[at] as DataType, true)),
);

/** One Arrow column: fixed values, bits or text, and its validity. */
class ArrowColumn {
  readonly fixed: DataView;
  readonly offsets: Int32Array;
  readonly valid: Uint8Array;
  text = Buffer.alloc(1 << 20);
  textUsed = 0;
  values = 0;

  constructor(rows: number) {
    this.fixed = new DataView(new ArrayBuffer(rows * 8));
    this.offsets = new Int32Array(rows + 1);
    this.valid = new Uint8Array((rows + 7) >> 3);
  }

  markValid(row: number): void {
    this.valid[row >> 3] = (this.valid[row >> 3] as number) | (1 << (row & 7));
    this.values++;
  }

  putText(row: number, source: DataView, start: number, end: number): void {
    const length = end - start;
    if (this.textUsed + length > this.text.length) {
      const larger = Buffer.alloc(this.text.length * 2);
      this.text.copy(larger);
      this.text = larger;
    }
    for (let at = 0; at < length; at++) this.text[this.textUsed + at] = source.getUint8(start + at);
    this.textUsed += length;
    this.offsets[row + 1] = this.textUsed;
  }
}

/** Our decoder with a target of Arrow columns: bytes are copied, nothing is made per value. */
class ArrowBatch implements RowTarget {
  row = 0;
  readonly columns: ArrowColumn[];
  readonly #rowsMax: number;
  readonly #onFull: () => void;

  constructor(rowsMax: number, onFull: () => void) {
    this.#rowsMax = rowsMax;
    this.#onFull = onFull;
    this.columns = sampleColumns.map(() => new ArrowColumn(rowsMax));
  }

  putInt64(column: number, source: DataView, offset: number): void {
    const { fixed } = this.#mark(column);
    fixed.setInt32(this.row * 8, source.getInt32(offset, true), true);
    fixed.setInt32(this.row * 8 + 4, source.getInt32(offset + 4, true), true);
  }
  putDouble(column: number, source: DataView, offset: number): void {
    this.putInt64(column, source, offset);
  }
  putBoolean(column: number, value: boolean): void {
    const { fixed } = this.#mark(column);
    if (!value) return;
    fixed.setUint8(this.row >> 3, fixed.getUint8(this.row >> 3) | (1 << (this.row & 7)));
  }
  putBytes(column: number, source: DataView, start: number, end: number): void {
    this.#mark(column).putText(this.row, source, start, end);
  }
  endRow(): void {
    this.row++;
    for (const column of this.columns) column.offsets[this.row] = column.textUsed;
    if (this.row === this.#rowsMax) this.#onFull();
  }

  toIpc(): Uint8Array {
    const length = this.row;
    const children = this.columns.map((column, at): Data => {
      const type = types[at] as DataType;
      const common = { type, length, nullCount: length - column.values, nullBitmap: column.valid };
      const buffer = column.fixed.buffer;
      if (type instanceof Utf8) {
        const { offsets, text, textUsed } = column;
        return makeData({
          ...common,
          type,
          valueOffsets: offsets,
          data: text.subarray(0, textUsed),
        });
      }
      if (type instanceof Int64)
        return makeData({ ...common, type, data: new BigInt64Array(buffer) });
      if (type instanceof Bool) return makeData({ ...common, type, data: new Uint8Array(buffer) });
      return makeData({ ...common, type: new Float64(), data: new Float64Array(buffer) });
    });
    const struct = makeData({ type: new Struct(schema.fields), length, nullCount: 0, children });
    return tableToIPC(new Table(schema, [new RecordBatch(schema, struct)]), "stream");
  }

  #mark(column: number): ArrowColumn {
    const found = this.columns[column] as ArrowColumn;
    found.markValid(this.row);
    return found;
  }
}

const compressionOf = { uncompressed: "UNCOMPRESSED", snappy: "SNAPPY", zstd: "ZSTD" } as const;

/** arrow-rs in WebAssembly by its streaming interface, fed with Arrow batches of a row group each. */
export const parquetWasm: Contender = {
  name: "parquet-wasm",
  isSlow: false,
  compressions: ["uncompressed", "snappy", "zstd"],
  async open({ compression, rowGroupRows }) {
    const properties = new wasm.WriterPropertiesBuilder()
      .setCompression(wasm.Compression[compressionOf[compression]])
      .setDictionaryEnabled(false)
      .setEncoding(wasm.Encoding.PLAIN)
      .setMaxRowGroupSize(rowGroupRows)
      .build();
    const { readable, writable } = new TransformStream(
      undefined,
      new CountQueuingStrategy({ highWaterMark: 2 }),
    );
    const input = writable.getWriter();
    const output = (async () => {
      let bytes = 0;
      const stream = await wasm.transformParquetStream(readable, properties);
      for await (const chunk of stream as unknown as AsyncIterable<Uint8Array>)
        bytes += chunk.length;
      return bytes;
    })();
    const decoder = createRecordDecoder(sampleMapping, null);
    let writes: Promise<void>[] = [];
    const flush = () => {
      const table = wasm.Table.fromIPCStream(batch.toIpc());
      for (const recordBatch of table.recordBatches()) writes.push(input.write(recordBatch));
      batch = new ArrowBatch(rowGroupRows, flush);
    };
    let batch = new ArrowBatch(rowGroupRows, flush);
    return {
      async consume(body) {
        const page = decoder.decode(new TablestoreRecordPage(body));
        page.append(0, page.recordCount, { route: () => batch, dirtyValue: () => {} });
        await Promise.all(writes);
        writes = [];
      },
      async finish() {
        if (batch.row > 0) flush();
        await Promise.all(writes);
        await input.close();
        return output;
      },
    };
  },
};
