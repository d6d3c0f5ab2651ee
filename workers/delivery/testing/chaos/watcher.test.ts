import { createHash } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { writeTable } from "@/lib/parquet/testing/sample-table";
import { createWatcher, type Watcher } from "./watcher";

const objects = new Map<string, Uint8Array>();
let watcher: Watcher;

const etagOf = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");
const store = {
  list: async () => ({
    objects: [...objects].map(([key, bytes]) => ({
      ...{ key, sizeBytes: bytes.length, etag: etagOf(bytes) },
    })),
    next: null,
  }),
  read: async (key: string) => objects.get(key) ?? null,
};

const put = async (key: string, ...rows: [id: string, v: bigint][]) => {
  const columns = [
    { name: "id", type: "UTF8", encoding: "PLAIN" },
    { name: "v", type: "INT64", encoding: "PLAIN" },
  ] as const;
  objects.set(key, await writeTable({ columns, rows }));
};

beforeEach(() => {
  objects.clear();
  watcher = createWatcher(store, { dirty: "_dirty/", merged: "merged/" });
});

/** A watcher that cannot find anything would prove nothing. */
describe("the watcher of a chaos run", () => {
  it("has nothing to say of objects that come, each with rows of its own", async () => {
    await put("a", ["one", 1n], ["two", 1n]);
    await watcher.poll();
    await put("b", ["one", 2n]);
    objects.set("_dirty/a", Buffer.from("{}\n{}\n"));
    await watcher.poll();
    await watcher.readAgain();
    expect(watcher.findings).toEqual([]);
    expect([...watcher.rows.keys()]).toEqual(["one/1", "two/1", "one/2"]);
    expect(watcher.objects.get("_dirty/a")).toMatchObject({ kind: "dirty", rows: 2 });
  });

  it("finds a row that stands in two objects, and one that stands twice in one", async () => {
    await put("a", ["one", 1n]);
    await watcher.poll();
    await put("b", ["one", 1n]);
    await put("c", ["two", 1n], ["two", 1n]);
    await watcher.poll();
    expect(watcher.findings).toEqual([
      expect.stringContaining("doubled: one/1 stands in a and in b"),
      expect.stringContaining("doubled: two/1 stands in c and in c"),
    ]);
  });

  it("takes merged copies for copies, each row once among them", async () => {
    await put("a", ["one", 1n]);
    await put("merged/a", ["one", 1n]);
    await watcher.poll();
    expect([watcher.findings, [...watcher.mergedRows.keys()]]).toEqual([[], ["one/1"]]);
    await put("merged/b", ["one", 1n]);
    await watcher.poll();
    expect(watcher.findings).toEqual([
      expect.stringContaining("doubled: one/1 stands in merged/a and in merged/b"),
    ]);
  });

  it("finds an object that is another one now, and one that has gone", async () => {
    await put("a", ["one", 1n]);
    await put("b", ["two", 1n]);
    await watcher.poll();
    await put("a", ["one", 1n], ["three", 1n]);
    objects.delete("b");
    await watcher.poll();
    expect(watcher.findings).toEqual([
      expect.stringContaining("changed: a is another object now"),
      expect.stringContaining("vanished: b is not listed any more"),
    ]);
  });

  it("finds bytes that changed behind an unchanged listing", async () => {
    await put("a", ["one", 1n]);
    await watcher.poll();
    await put("a", ["one", 2n]);
    await watcher.readAgain();
    expect(watcher.findings).toEqual([expect.stringContaining("changed: a has other bytes now")]);
  });

  it("finds an object that no reader can open", async () => {
    objects.set("a", Buffer.from("half a file"));
    await watcher.poll();
    expect(watcher.findings).toEqual([expect.stringContaining("unreadable: a")]);
  });
});
