import type { Contender } from "../contender";
import { culvert } from "./culvert";
import { duckdbCopy } from "./duckdb-copy";
import { hyparquetWriter } from "./hyparquet-writer";
import { memcpy } from "./memcpy";
import { parquetWasm } from "./parquet-wasm";
import { parquetjsLite } from "./parquetjs-lite";

export const contenders: readonly Contender[] = [
  memcpy,
  culvert,
  parquetWasm,
  duckdbCopy,
  hyparquetWriter,
  parquetjsLite,
];
