import { createParquetWriter } from "@/lib/parquet/parquet-writer";
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
      rowGroupRowsMax: rowGroupRows,
    });
    const router = { route: () => writer, dirtyValue: () => {} };
    let bytes = 0;
    const take = (chunks: readonly Uint8Array[]) => {
      for (const chunk of chunks) bytes += chunk.length;
    };
    return {
      consume(body) {
        const page = decoder.decode(new TablestoreRecordPage(body));
        page.append(0, page.recordCount, router);
        take(writer.takeClosed());
      },
      finish() {
        take(writer.finish());
        return bytes;
      },
    };
  },
};
