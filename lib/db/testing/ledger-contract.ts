import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { AppError } from "@/lib/core/error";
import type { ChannelLedger, ClaimedChannel } from "@/lib/core/ports/ledger";
import { decidedBatch, decidedObject } from "./seed";

/** A ledger with its ways to get and to take a channel, which no loop has. */
export type LedgerUnderTest = {
  readonly ledger: ChannelLedger;
  /** A new channel at "position-0", owned by a new worker. */
  claimNew(): Promise<ClaimedChannel>;
  /** The same channel for another worker, whatever its owner says. */
  takeOver(claimed: ClaimedChannel): Promise<ClaimedChannel>;
};

/** What the loop of a channel rests on, of the ledger in PostgreSQL and of the simulated one alike. */
export function describeLedgerContract(name: string, open: () => LedgerUnderTest): void {
  const objects = (count: number, stem = `stem-${randomUUID()}`) =>
    Array.from({ length: count }, (_, index) =>
      decidedObject({ stem: `${stem}-${index}`, partition: `p-${index}` }),
    );
  const codeOf = (promise: Promise<unknown>) =>
    promise.then(
      () => "nothing thrown",
      (error: AppError) => error.code,
    );
  async function decideOne(count = 2) {
    const { ledger, claimNew, takeOver } = open();
    const lease = await claimNew();
    const batch = decidedBatch(1, { objects: objects(count) });
    expect(await ledger.decide({ lease, batch, dirtySamples: [] })).toBe("decided");
    const publish = (objectIds = batch.objects.map(({ objectId }) => objectId)) =>
      ledger.markPublished({ channelKey: lease.channelKey, batchNumber: 1, objectIds });
    const ack = (by = lease) =>
      ledger.markAcked({ lease: by, batchNumber: 1, sequenceNumber: 1n, finished: false });
    return { ledger, lease, batch, publish, ack, takeOver };
  }

  describe(`${name} keeps the ledger's contract:`, () => {
    test("a decided batch moves the channel; its next owner goes on from there and knows what is left", async () => {
      const { ledger, lease, batch, takeOver } = await decideOne();
      const heir = await takeOver(lease);
      expect(heir).toMatchObject({
        ...{ epoch: lease.epoch + 1, checkpoint: "position-1", batchNumber: 1 },
        ...{ ackedBatchNumber: 0, ackedSequenceNumber: 0n },
      });
      const [unacked, ...others] = await ledger.listUnacked(heir);
      expect(others).toEqual([]);
      expect({ ...unacked, objects: [] }).toEqual({ ...batch, objects: [] });
      const byId = (a: { objectId: string }, b: { objectId: string }) =>
        a.objectId < b.objectId ? -1 : 1;
      expect([...(unacked?.objects ?? [])].sort(byId)).toEqual([...batch.objects].sort(byId));
    });

    test("the same decide again is decided, another one of that number is fenced", async () => {
      const { ledger, lease, batch } = await decideOne();
      expect(await ledger.decide({ lease, batch, dirtySamples: [] })).toBe("decided");
      const other = decidedBatch(1, { objects: objects(1) });
      expect(await ledger.decide({ lease, batch: other, dirtySamples: [] })).toBe("fenced");
    });

    test("numbers and positions have no holes", async () => {
      const { ledger, lease } = await decideOne();
      const decide = (batch: ReturnType<typeof decidedBatch>) =>
        ledger.decide({ lease, batch, dirtySamples: [] });
      expect(await decide(decidedBatch(3))).toBe("fenced");
      expect(await decide(decidedBatch(2, { startCheckpoint: "elsewhere" }))).toBe("fenced");
      expect(await decide(decidedBatch(2))).toBe("decided");
    });

    test("whoever lost the channel decides, replaces and acks nothing, and gives nothing back", async () => {
      const { ledger, lease, batch, publish, ack, takeOver } = await decideOne();
      const heir = await takeOver(lease);
      const next = decidedBatch(2);
      expect(await ledger.decide({ lease, batch: next, dirtySamples: [] })).toBe("fenced");
      const { uploadId: replaces, ...object } = batch.objects[0] as (typeof batch.objects)[0];
      const { objectId, parts, bytes, crc32 } = object;
      const upload = { objectId, replaces, uploadId: "again", parts, bytes, crc32 };
      expect(await ledger.replaceUpload({ lease, ...upload })).toBe("fenced");
      await publish();
      expect(await ack(lease)).toBe("fenced");
      await ledger.releaseChannel(lease);
      expect(await ledger.decide({ lease: heir, batch: next, dirtySamples: [] })).toBe("decided");
    });

    test("published objects are not left to do, by whomever they were published", async () => {
      const { ledger, lease, batch, publish, takeOver } = await decideOne(3);
      const heir = await takeOver(lease);
      const [first, ...rest] = batch.objects.map(({ objectId }) => objectId);
      await publish([first ?? ""]);
      const left = (await ledger.listUnacked(heir))[0]?.objects.map(({ objectId }) => objectId);
      expect(left?.sort()).toEqual(rest.sort());
      await publish(rest);
      await publish(rest);
      expect((await ledger.listUnacked(heir))[0]?.objects).toEqual([]);
    });

    test("only a published batch is acked, and what is acked is over (D3)", async () => {
      const { ledger, lease, publish, ack, takeOver } = await decideOne();
      expect(await codeOf(ack())).toBe("internal.invariant_broken");
      await publish();
      expect(await ack()).toBe("acked");
      expect(await ledger.listUnacked(lease)).toEqual([]);
      expect(await takeOver(lease)).toMatchObject({ ackedBatchNumber: 1, ackedSequenceNumber: 1n });
    });

    test("a vanished upload is replaced until its object is published", async () => {
      const { ledger, lease, batch, publish } = await decideOne(1);
      const { uploadId: replaces, ...object } = batch.objects[0] as (typeof batch.objects)[0];
      const { objectId, parts, crc32 } = object;
      const upload = { objectId, replaces, uploadId: "again", parts, bytes: 7, crc32 };
      const tooLate = { ...upload, uploadId: "given up for lost", bytes: 9 };
      expect(await ledger.replaceUpload({ lease, ...upload })).toBe("replaced");
      expect(await ledger.replaceUpload({ lease, ...tooLate })).toBe("fenced");
      expect(await ledger.replaceUpload({ lease, ...upload })).toBe("replaced");
      expect((await ledger.listUnacked(lease))[0]?.objects).toMatchObject([
        { objectId, uploadId: "again", bytes: 7 },
      ]);
      await publish();
      expect(await ledger.replaceUpload({ lease, ...upload })).toBe("fenced");
    });

    test("a batch without objects needs no publishing, and marking it does no harm", async () => {
      const { ledger, claimNew } = open();
      const lease = await claimNew();
      const { channelKey } = lease;
      await ledger.decide({ lease, batch: decidedBatch(1), dirtySamples: [] });
      await ledger.markPublished({ channelKey, batchNumber: 1, objectIds: [] });
      const ack = { lease, batchNumber: 1, sequenceNumber: 1n, finished: false };
      expect(await ledger.markAcked(ack)).toBe("acked");
    });

    test("sequences are counted per stem and bucket over all batches", async () => {
      const { ledger, lease, batch } = await decideOne(1);
      const { stem, bucket } = batch.objects[0] as (typeof batch.objects)[0];
      const again = decidedObject({ stem, sequence: 2, partition: "p-0" });
      const next = decidedBatch(2, { objects: [again] });
      expect(await ledger.decide({ lease, batch: next, dirtySamples: [] })).toBe("decided");
      const last = (of: string) => ledger.lastSequences({ bucket: of, stems: [stem, "unknown"] });
      expect(await last(bucket)).toEqual(new Map([[stem, 2]]));
      expect(await last("another")).toEqual(new Map());
    });

    test("the first writer of a schema version wins, and everybody gets what is stored", async () => {
      const { ledger, claimNew } = open();
      const { taskId } = await claimNew();
      const [one] = await ledger.listSchemas(taskId);
      if (!one) throw new Error("A task has a schema");
      const column = { source: "x", name: "x", type: "INT64", encoding: "PLAIN" } as const;
      const two = { ...one, version: 2, columns: [...one.columns, column] };
      const other = { ...two, columns: [...one.columns, { ...column, name: "y" }] };
      expect(await ledger.addSchema({ taskId, schema: two, reason: "first" })).toEqual(two);
      expect(await ledger.addSchema({ taskId, schema: other, reason: "second" })).toEqual(two);
      expect(await ledger.listSchemas(taskId)).toEqual([one, two]);
    });
  });
}
