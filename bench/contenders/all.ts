import type { Contender } from "../contender";
import { culvert } from "./culvert";
import { duckdbCopy } from "./duckdb-copy";
import { memcpy } from "./memcpy";
import { parquetjsLite } from "./parquetjs-lite";

export const contenders: readonly Contender[] = [memcpy, culvert, duckdbCopy, parquetjsLite];
