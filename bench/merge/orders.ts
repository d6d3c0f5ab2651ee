import { statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { GetObjectCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import type { DuckDBConnection } from "@duckdb/node-api";
import { bucket, type Installation } from "../delivery/installation";
import { enginePeakMb } from "./engine-memory";
import { makeDataset, uploadFiles, waitForMerge } from "./merge-calls";
import { rowGroupsTouched } from "./sample-objects";

export const orders = {
  none: { kind: "none", columns: [] },
  sorted: { kind: "sorted", columns: ["seq"] },
  zordered: { kind: "zordered", columns: ["seq", "price"] },
} as const;

export type OrderRun = {
  readonly order: string;
  /** From the claim until readers see the copy. */
  readonly seconds: number;
  readonly rowsPerSecond: number;
  /** The most resident memory of the merging process, as far as looks every 50 ms saw it. */
  readonly peakMb: number;
  readonly mbIn: number;
  readonly mbOut: number;
  /** Of 1 % of the range, by each column. */
  readonly bySeq: string;
  readonly byPrice: string;
};

/** One merge of all files in one order, by the running worker. */
export async function runOrder(
  at: Installation,
  duckdb: DuckDBConnection,
  { kind, files, rows }: { kind: keyof typeof orders; files: readonly string[]; rows: number },
): Promise<OrderRun> {
  const name = `merge-${kind}`;
  await makeDataset(at, name);
  await uploadFiles(at, name, files);
  await at.call("PUT", `datasets/${name}/merge-settings`, {
    ...{ order: orders[kind], isEnabled: false, targetBytes: 2 ** 31 },
  });
  await at.call("POST", `datasets/${name}/merges`, {});
  let peakMb = 0;
  const merge = await waitForMerge(at, name, () => {
    peakMb = Math.max(peakMb, enginePeakMb());
  });
  const seconds = (Date.parse(merge.publishedAt ?? "") - Date.parse(merge.startedAt ?? "")) / 1_000;
  const copy = await fetchCopy(at, `${name}_merged/`, path.dirname(files[0] ?? ""));
  return {
    order: kind,
    ...{ seconds, rowsPerSecond: Math.round(rows / seconds), peakMb: Math.round(peakMb) },
    mbIn: Math.round((merge.inputs?.bytes ?? 0) / 1e6),
    mbOut: Math.round(statSync(copy).size / 1e6),
    bySeq: await rowGroupsTouched(duckdb, [copy], "seq", rows),
    byPrice: await rowGroupsTouched(duckdb, [copy], "price", 1_000),
  };
}

async function fetchCopy(at: Installation, prefix: string, directory: string): Promise<string> {
  const list = await at.s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
  const [only, ...others] = list.Contents ?? [];
  if (!only?.Key || others.length > 0) throw new Error("One merge makes one object");
  const object = await at.s3.send(new GetObjectCommand({ Bucket: bucket, Key: only.Key }));
  const file = path.join(directory, `${path.basename(only.Key)}.copy`);
  writeFileSync(file, (await object.Body?.transformToByteArray()) ?? "");
  return file;
}
