import { createParquetWriter, defaultLimits } from "@/lib/parquet/parquet-writer";
import { createRecordDecoder } from "@/lib/sources/tablestore/record-decoder";
import { TablestoreRecordPage } from "@/lib/sources/tablestore/record-page";
import type { Contender } from "../contender";
import { sampleColumns, sampleMapping } from "../sample-records";

/** Our own path, whole: response → index → checked cells → pages → object. */
export const culvert: Contender = {
  name: "culvert",
  isSlow: false,
  compressions: ["uncompressed", "snappy", "zstd"],
  open({ compression, rowGroupRows }) {
    const decoder = createRecordDecoder(sampleMapping, null);
    const writer = createParquetWriter({
      columns: sampleColumns,
      compression,
      keyValueMetadata: {},
      limits: { ...defaultLimits(sampleColumns.length), rowGroupRowsMax: rowGroupRows },
    });
    const router = { route: () => writer, dirtyValue: () => {} };
    let bytes = 0;
    let rows = 0;
    const take = (chunks: readonly Uint8Array[]) => {
      for (const chunk of chunks) bytes += chunk.length;
    };
    return {
      async consume(body) {
        const page = decoder.decode(new TablestoreRecordPage(body));
        for (let from = 0; from < page.recordCount; ) {
          const count = Math.min(page.recordCount - from, rowGroupRows - (rows % rowGroupRows));
          page.append(from, count, router);
          from += count;
          rows += count;
          if (writer.isRowGroupFull) await writer.closeRowGroup();
        }
        take(writer.takeClosed());
      },
      async finish() {
        take(await writer.finish());
        return bytes;
      },
    };
  },
};
