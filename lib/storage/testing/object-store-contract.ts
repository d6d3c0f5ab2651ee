import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AppError } from "@/lib/core/error";
import type { ObjectStore, UploadedPart } from "@/lib/core/ports/object-store";

/** What a store's tests are run against: a bucket that is empty, and how to reach what is not there. */
export type ObjectStoreUnderTest = {
  readonly store: ObjectStore;
  /** The same bucket as another worker sees it. */
  readonly another: ObjectStore;
  /** A bucket that does not exist. */
  readonly missing: ObjectStore;
  close(): Promise<void>;
};

/** What a store is asked in the tests, in fewer words; made anew for each suite. */
type Bench = {
  readonly store: ObjectStore;
  readonly another: ObjectStore;
  readonly missing: ObjectStore;
  stage(
    key: string,
    bodies: readonly Uint8Array[],
    metadata?: Record<string, string>,
  ): Promise<{
    key: string;
    uploadId: string;
    parts: UploadedPart[];
  }>;
  write(key: string, text: string, metadata?: Record<string, string>): Promise<void>;
  textAt(key: string): Promise<string | null>;
  keysUnder(prefix: string): Promise<string[]>;
};

const mebibyte = 1024 * 1024;
const contentType = "application/vnd.apache.parquet";

/** The guarantees of the ObjectStore port. Every implementation passes the same suite. */
export function describeObjectStore(
  name: string,
  makeStore: () => Promise<ObjectStoreUnderTest>,
): void {
  describe(`${name} keeps the ObjectStore contract`, () => {
    let underTest: ObjectStoreUnderTest;
    beforeAll(async () => {
      underTest = await makeStore();
    });
    afterAll(() => underTest.close());
    const bench = () => createBench(underTest);
    specifyUploads(bench);
    specifyCompletion(bench);
    specifyAborts(bench);
    specifyRemoval(bench);
    specifyReading(bench);
    specifyBucket(bench);
  });
}

function createBench({ store, another, missing }: ObjectStoreUnderTest): Bench {
  const bench: Bench = {
    store,
    another,
    missing,
    async stage(key, bodies, metadata = {}) {
      const uploadId = await store.createUpload({ key, metadata, contentType });
      const parts: UploadedPart[] = [];
      for (const [index, body] of bodies.entries()) {
        parts.push(await store.uploadPart({ key, uploadId, partNumber: index + 1, body }));
      }
      return { key, uploadId, parts };
    },
    async write(key, text, metadata = {}) {
      const upload = await bench.stage(key, [Buffer.from(text)], metadata);
      expect((await store.completeUpload(upload)).kind).toBe("completed");
    },
    async textAt(key) {
      const bytes = await store.read(key);
      return bytes === null ? null : Buffer.from(bytes).toString();
    },
    async keysUnder(prefix) {
      return (await store.list({ prefix })).objects.map((object) => object.key);
    },
  };
  return bench;
}

async function codeOf(work: Promise<unknown>): Promise<string | null> {
  const thrown: unknown = await work.then(
    () => null,
    (error: unknown) => error,
  );
  return thrown instanceof AppError ? thrown.code : thrown === null ? null : String(thrown);
}

function specifyUploads(bench: () => Bench): void {
  it("shows nothing of an upload until it is completed, and then all of it", async () => {
    const { store, stage, textAt, keysUnder } = bench();
    const upload = await stage("visible/a", [Buffer.from("rows")], { "object-id": "u-1" });
    expect(await store.head("visible/a")).toBeNull();
    expect(await store.read("visible/a")).toBeNull();
    expect(await keysUnder("visible/")).toEqual([]);
    const outcome = await store.completeUpload(upload);
    expect(outcome.kind).toBe("completed");
    const head = await store.head("visible/a");
    expect(head?.sizeBytes).toBe(4);
    expect(head?.metadata).toEqual({ "object-id": "u-1" });
    expect(outcome.kind === "completed" && outcome.etag).toBe(head?.etag);
    expect(await textAt("visible/a")).toBe("rows");
    expect(await keysUnder("visible/")).toEqual(["visible/a"]);
  });

  it("gives metadata names back in lower case", async () => {
    const { store, write } = bench();
    await write("metadata/a", "x", { "Object-ID": "Value" });
    expect((await store.head("metadata/a"))?.metadata).toEqual({ "object-id": "Value" });
  });

  it("joins parts in the order of their numbers, whatever order they came in", async () => {
    const { store } = bench();
    const key = "parts/joined";
    const first = new Uint8Array(5 * mebibyte).fill(1);
    const uploadId = await store.createUpload({ key, metadata: {}, contentType });
    const part = (partNumber: number, body: Uint8Array) =>
      store.uploadPart({ key, uploadId, partNumber, body });
    const last = await part(2, Buffer.from("end"));
    const parts = [await part(1, first), last];
    expect((await store.completeUpload({ key, uploadId, parts })).kind).toBe("completed");
    const bytes = (await store.read(key)) ?? new Uint8Array();
    expect(bytes.length).toBe(5 * mebibyte + 3);
    expect(Buffer.compare(bytes?.subarray(0, first.length), first)).toBe(0);
    expect(Buffer.from(bytes?.subarray(first.length)).toString()).toBe("end");
  });

  it("replaces a part that is sent again", async () => {
    const { store, textAt } = bench();
    const key = "parts/replaced";
    const uploadId = await store.createUpload({ key, metadata: {}, contentType });
    const part = (text: string) =>
      store.uploadPart({ key, uploadId, partNumber: 1, body: Buffer.from(text) });
    await part("first");
    const parts = [await part("second")];
    expect((await store.completeUpload({ key, uploadId, parts })).kind).toBe("completed");
    expect(await textAt(key)).toBe("second");
  });

  it("lets another worker complete what this one uploaded", async () => {
    const { another, stage, textAt } = bench();
    const upload = await stage("parts/handed-over", [Buffer.from("rows")]);
    const stored = JSON.parse(JSON.stringify(upload.parts)) as typeof upload.parts;
    const outcome = await another.completeUpload({ ...upload, parts: stored });
    expect(outcome.kind).toBe("completed");
    expect(await textAt("parts/handed-over")).toBe("rows");
  });
}

function specifyCompletion(bench: () => Bench): void {
  it("changes nothing when a completion is repeated", async () => {
    const { another, store, stage } = bench();
    const upload = await stage("again/a", [Buffer.from("once")]);
    expect((await store.completeUpload(upload)).kind).toBe("completed");
    const before = await store.head("again/a");
    const repeated = await another.completeUpload(upload);
    expect(["upload_gone", "key_taken"]).toContain(repeated.kind);
    expect(await store.head("again/a")).toEqual(before);
  });

  it("never overwrites: a completion onto a taken key leaves what stands there", async () => {
    const { store, stage, write, textAt } = bench();
    await write("taken/a", "mine");
    const upload = await stage("taken/a", [Buffer.from("theirs")]);
    expect(await store.completeUpload(upload)).toEqual({ kind: "key_taken" });
    expect(await textAt("taken/a")).toBe("mine");
    await store.abortUpload(upload);
  });

  it("lets exactly one of several racing completions have the key", async () => {
    const { store, stage, textAt } = bench();
    const texts = ["one", "two", "three", "four", "five", "six"];
    const staged = await Promise.all(texts.map((text) => stage("race/a", [Buffer.from(text)])));
    const outcomes = await Promise.all(staged.map((upload) => store.completeUpload(upload)));
    const winners = texts.filter((_, index) => outcomes[index]?.kind === "completed");
    expect(winners).toEqual([await textAt("race/a")]);
    expect(outcomes.filter((outcome) => outcome.kind === "key_taken").length).toBe(5);
  });

  it("refuses a short part before the last, and keeps the upload", async () => {
    const { store, stage } = bench();
    const upload = await stage("short/a", [Buffer.from("a"), Buffer.from("b")]);
    expect(await codeOf(store.completeUpload(upload))).toBe("destination.unavailable");
    expect(await store.head("short/a")).toBeNull();
    await store.abortUpload(upload);
  });
}

function specifyAborts(bench: () => Bench): void {
  it("says that an aborted upload is gone, to completions and to parts", async () => {
    const { store, stage } = bench();
    const upload = await stage("gone/a", [Buffer.from("x")]);
    await store.abortUpload(upload);
    expect(await store.completeUpload(upload)).toEqual({ kind: "upload_gone" });
    const late = store.uploadPart({ ...upload, partNumber: 2, body: Buffer.from("y") });
    expect(await codeOf(late)).toBe("destination.upload_gone");
    expect(await store.head("gone/a")).toBeNull();
  });

  it("aborts an upload that is gone without complaint", async () => {
    const { store, stage } = bench();
    const upload = await stage("gone/b", [Buffer.from("x")]);
    await store.abortUpload(upload);
    await store.abortUpload(upload);
  });
}

function specifyRemoval(bench: () => Bench): void {
  it("removes an object, once or twice, and frees its key", async () => {
    const { store, write, textAt } = bench();
    await write("removed/a", "before");
    await write("removed/ab", "beside");
    await store.remove("removed/a");
    await store.remove("removed/a");
    expect(await store.head("removed/a")).toBeNull();
    expect(await textAt("removed/ab")).toBe("beside");
    await write("removed/a", "after");
    expect(await textAt("removed/a")).toBe("after");
  });
}

function specifyReading(bench: () => Bench): void {
  it("reads ranges, cut at the object's end", async () => {
    const { store, write } = bench();
    await write("range/a", "0123456789");
    const range = async (start: number, end: number) => {
      const bytes = await store.read("range/a", { start, end });
      return bytes === null ? null : Buffer.from(bytes).toString();
    };
    expect(await range(0, 4)).toBe("0123");
    expect(await range(8, 10)).toBe("89");
    expect(await range(8, 99)).toBe("89");
    expect(await range(3, 3)).toBe("");
    expect(await range(10, 12)).toBe("");
    expect(await store.read("range/none", { start: 0, end: 1 })).toBeNull();
    expect(await store.read("range/none", { start: 1, end: 1 })).toBeNull();
  });

  it("lists in UTF-8 byte order, page by page, without gap or repeat", async () => {
    const { store, write, keysUnder } = bench();
    const keys = ["l/a", "l/b c", "l/b+c", "l/b/d", "l/é", "l/～", "l/😀"];
    for (const key of [...keys].reverse()) await write(key, key);
    await write("m", "not under l/");
    expect(await keysUnder("l/")).toEqual(keys);
    const paged: string[] = [];
    let after: string | undefined;
    for (;;) {
      const page = await store.list({
        prefix: "l/",
        limit: 3,
        ...(after === undefined ? {} : { after }),
      });
      paged.push(...page.objects.map((object) => object.key));
      if (page.next === null) break;
      expect(page.objects.length).toBe(3);
      after = page.next;
    }
    expect(paged).toEqual(keys);
    expect((await store.list({ prefix: "l/", after: "l/b+" })).objects[0]?.key).toBe("l/b+c");
    const [first] = (await store.list({ prefix: "l/", limit: 1 })).objects;
    expect(first?.sizeBytes).toBe(3);
    expect(first?.etag).toBe((await store.head("l/a"))?.etag);
  });

  it("keeps keys of reserved characters apart", async () => {
    const { write, textAt, keysUnder } = bench();
    const keys = ["odd/ü+%20 #?&.parquet", "odd/%2B", "odd/+", "odd/a=b;c", "odd/'(x)*!"];
    for (const key of keys) await write(key, key);
    for (const key of keys) expect(await textAt(key)).toBe(key);
    expect((await keysUnder("odd/")).sort()).toEqual([...keys].sort());
  });
}

function specifyBucket(bench: () => Bench): void {
  it("checks a bucket without leaving anything visible", async () => {
    const { store, keysUnder } = bench();
    await store.checkBucket();
    await store.checkBucket("some/folder/");
    expect(await keysUnder("some/")).toEqual([]);
    expect(await keysUnder(".culvert")).toEqual([]);
  });

  it("says of a missing bucket that it is missing, and never that an object is", async () => {
    const { missing } = bench();
    const upload = { key: "a", uploadId: "none" };
    const attempts: Record<string, () => Promise<unknown>> = {
      createUpload: () => missing.createUpload({ key: "a", metadata: {}, contentType }),
      head: () => missing.head("a"),
      read: () => missing.read("a"),
      remove: () => missing.remove("a"),
      readNothing: () => missing.read("a", { start: 0, end: 0 }),
      list: () => missing.list({ prefix: "" }),
      checkBucket: () => missing.checkBucket(),
      abortUpload: () => missing.abortUpload(upload),
      completeUpload: () =>
        missing.completeUpload({ ...upload, parts: [{ partNumber: 1, etag: '"x"' }] }),
    };
    for (const [name, attempt] of Object.entries(attempts)) {
      expect([name, await codeOf(attempt())]).toEqual([name, "destination.bucket_missing"]);
    }
  });
}
