import { beforeEach, describe, expect, it } from "vitest";
import { InMemoryObjectStore } from "@/lib/storage/testing/in-memory-object-store";
import { CommitFinisher } from "./commit-finisher";
import type { DeliveryEvents } from "./events";
import { CommitTables } from "./testing/simulation/datasets/commit-tables";
import { DatasetTables, partitions } from "./testing/simulation/datasets/dataset-tables";
import { overridden } from "./testing/simulation/overridden";

const bucket = "sim";
const location = "memory";
const commitId = "commit";
const object = {
  ...{ objectId: "object", location, bucket, key: `${partitions[0]}/rows_s__1.parquet` },
  ...{ partition: partitions[0], stem: `${partitions[0]}/rows_s`, sequence: 1, rows: 1, bytes: 1 },
  ...{ crc32: "00000000", uploadId: "vanished", parts: [] },
};

let tables: DatasetTables;
let commits: CommitTables;

beforeEach(() => {
  const order = { kind: "none", columns: [] } as const;
  tables = new DatasetTables({
    ...{ nowMs: () => 0, isAlive: () => false },
    limits: { unfinishedMax: 1, streamedPartitionsMax: 1 },
    mergeSettings: {
      ...{ isEnabled: false, folder: "merged", order, smallBytes: 1, objectsMin: 2 },
      ...{ targetBytes: 1, rowGroupRows: null, originals: "keep", graceSeconds: 0 },
    },
  });
  commits = new CommitTables(tables);
  tables.insertCommit({ id: commitId, writer: "upload" }, [object]);
});

function finisherOn(ledger: CommitTables): CommitFinisher {
  const store = new InMemoryObjectStore({ bucket });
  const ignored = () => undefined;
  return new CommitFinisher({
    ledger,
    adapters: { destination: async () => ({ store, bucket, location }) },
    events: { commitFinished: ignored, commitFailed: ignored } as unknown as DeliveryEvents,
    clock: { now: () => 0, monotonic: () => 0, sleep: async () => {} },
    random: () => 0,
  });
}

describe("a commit whose upload the store no longer knows", () => {
  it("is lost when nobody published it", async () => {
    await finisherOn(commits).finishOnce();
    const commit = tables.commits.get(commitId);
    expect(commit).toMatchObject({ errorCode: "destination.upload_gone", publishedAtMs: null });
  });

  it("is not called lost when another worker published it meanwhile, and an overwrite took it away (D7)", async () => {
    let looks = 0;
    const overtaken = overridden(commits, {
      async listUnpublished(request) {
        const unpublished = await commits.listUnpublished(request);
        looks += 1;
        if (looks === 1) await commits.markPublished({ commitId, objectIds: [object.objectId] });
        return unpublished;
      },
    });
    await finisherOn(overtaken).finishOnce();
    const commit = tables.commits.get(commitId);
    expect(commit?.errorCode).toBeNull();
    expect(commit?.finishedAtMs).not.toBeNull();
  });
});
