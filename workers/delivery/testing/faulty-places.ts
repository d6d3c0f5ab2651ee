import { createSource } from "@/lib/db/sources";
import { ensureBucket } from "@/lib/storage/create-bucket";
import { int64 } from "@/workers/tablestore/testing/official-sdk";
import { testAccess } from "@/workers/tablestore/testing/start-test-server";
import type { Rig } from "./delivery-rig";
import { type HttpProxy, startHttpProxy } from "./proxy/http-proxy";
import { type Change, createTable, ids, write } from "./task-facts";

/** Each row of a fault's test has an id of its own, so that a second delivery of it shows. */
export const rowsOf = (prefix: string, count: number): Change[] =>
  ids(prefix, count).map((id) => ({ id, values: { v: int64(1) } }));

export const baseIds = ids("base-", 60);
export const moreIds = ids("more-", 20);

/** A table named for the task, with the base rows in it. */
export async function createFilledTable(rig: Rig, name: string): Promise<string> {
  const table = name.replaceAll("-", "_");
  await createTable(rig, table);
  await write(rig, table, rowsOf("base-", baseIds.length));
  return table;
}

/** A bucket and a destination of this name behind a proxy of its own, which passes everything on. */
export async function createProxiedDestination(rig: Rig, name: string): Promise<HttpProxy> {
  const bucket = { ...rig.storeConfig, bucket: name };
  await ensureBucket(bucket);
  const proxy = await startHttpProxy(Number(new URL(bucket.endpoint ?? "").port));
  await rig.createDestination({ id: name, bucket: name, endpoint: proxy.endpoint });
  return proxy;
}

/** A source of this name behind a proxy of its own. */
export async function createProxiedSource(rig: Rig, name: string): Promise<HttpProxy> {
  const proxy = await startHttpProxy(rig.source.port);
  const { instance, accessKeyId, accessKeySecret } = testAccess;
  await createSource(rig.database, {
    ...{ id: name, name, kind: "tablestore", endpoint: proxy.endpoint },
    ...{ instance, accessKeyId, secret: rig.encrypt(accessKeySecret) },
  });
  return proxy;
}
