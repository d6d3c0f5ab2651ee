/**
 * The thread that re-encodes row groups, which takes 65 to 235 ms each. Plain JavaScript with one package
 * and nothing of ours, because a thread starts without the loaders of its process.
 *
 * In: { id, plain, rows, compression, columns: [{ name, encoding }] }, names as the library has them.
 * Out: { id, written } or { id, error }.
 */
import { createRequire } from "node:module";
import { parentPort } from "node:worker_threads";

const wasm = createRequire(import.meta.url)("parquet-wasm");

parentPort.on("message", ({ id, plain, rows, compression, columns }) => {
  try {
    const table = wasm.readParquet(plain, { batchSize: Math.max(1, rows) });
    // writeParquet frees both of its arguments.
    const written = wasm.writeParquet(table, propertiesOf(rows, compression, columns));
    parentPort.postMessage({ id, written }, [written.buffer]);
  } catch (thrown) {
    parentPort.postMessage({ id, error: String(thrown) });
  }
});

function propertiesOf(rows, compression, columns) {
  let builder = new wasm.WriterPropertiesBuilder()
    .setWriterVersion(wasm.WriterVersion.V1)
    .setCompression(wasm.Compression[compression])
    .setDictionaryEnabled(false)
    .setMaxRowGroupSize(Math.max(1, rows))
    .setStatisticsEnabled(wasm.EnabledStatistics.Page);
  for (const { name, encoding } of columns) {
    if (encoding === "PLAIN_DICTIONARY") builder = builder.setColumnDictionaryEnabled(name, true);
    else builder = builder.setColumnEncoding(name, wasm.Encoding[encoding]);
  }
  return builder.build();
}
