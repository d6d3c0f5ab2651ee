import path from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";

export const columns = [
  { name: "seq", type: "INT64" },
  { name: "at", type: "INT64" },
  { name: "price", type: "DOUBLE" },
  { name: "score", type: "DOUBLE" },
  { name: "active", type: "BOOLEAN" },
  { name: "name", type: "UTF8" },
  { name: "city", type: "UTF8" },
  { name: "sku", type: "UTF8" },
  { name: "note", type: "UTF8" },
] as const;

/** No multiple of it is one of the number of rows: numbers come once each, in no order. */
const stride = 1_299_709;

/** So many files of so many rows; `seq` and `price` have nothing to do with each other or with the file. */
export async function writeObjects(
  duckdb: DuckDBConnection,
  directory: string,
  { objects, rowsPerObject }: { readonly objects: number; readonly rowsPerObject: number },
): Promise<string[]> {
  const rows = objects * rowsPerObject;
  const files: string[] = [];
  await duckdb.run("SELECT setseed(0.5)");
  for (let object = 0; object < objects; object += 1) {
    const file = path.join(directory, `${object}.parquet`);
    const select = `
      SELECT (i * ${stride}) % ${rows} AS seq, 1700000000000 + i * 37 AS at, random() * 1000 AS price,
             random() AS score, i % 3 = 0 AS active, 'name-' || md5(i::VARCHAR)[:12] AS name,
             'city-' || (i % 50) AS city, 'sku-' || (i * 31 % 10000) AS sku,
             CASE WHEN i % 10 < 3 THEN NULL ELSE 'a note of some length ' || (i % 977) END AS note
      FROM range(${object * rowsPerObject}, ${(object + 1) * rowsPerObject}) t(i)`;
    await duckdb.run(`COPY (${select}) TO '${file}' (FORMAT parquet, DICTIONARY_SIZE_LIMIT 0)`);
    files.push(file);
  }
  return files;
}

/** Row groups that a reader has to look into for one hundredth of a column's range, by the statistics. */
export async function rowGroupsTouched(
  duckdb: DuckDBConnection,
  files: readonly string[],
  column: string,
  range: number,
): Promise<string> {
  const [low, high] = [range * 0.6, range * 0.61];
  const list = files.map((file) => `'${file}'`).join(", ");
  const result = await duckdb.runAndReadAll(`
    SELECT count(*) FILTER (WHERE stats_max_value::DOUBLE >= ${low} AND stats_min_value::DOUBLE <= ${high}),
           count(*)
    FROM parquet_metadata([${list}]) WHERE path_in_schema = '${column}'`);
  const [touched, all] = result.getRowsJS()[0] ?? [];
  return `${touched} of ${all}`;
}
