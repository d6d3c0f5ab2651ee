import { randomBytes, randomUUID } from "node:crypto";
import { subscribe } from "node:diagnostics_channel";
import path from "node:path";
import { PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { pino } from "pino";
import type { ClaimedChannel, Ledger } from "@/lib/core/ports/ledger";
import type { ObjectStore } from "@/lib/core/ports/object-store";
import { createLedger } from "@/lib/db/ledger";
import { decidedBatch, seedTask } from "@/lib/db/testing/seed";
import { systemClock } from "@/lib/platform/clock";
import { ensureBucket } from "@/lib/storage/create-bucket";
import { createS3Client } from "@/lib/storage/s3-client";
import { createS3ObjectStore } from "@/lib/storage/s3-object-store";
import { Limit } from "@/workers/delivery/limit";
import { publishBatch } from "@/workers/delivery/publish-batch";
import { ObjectUpload, partBytesMinOfS3, type StageContext } from "@/workers/delivery/stage-object";
import { startObjectStore } from "@/workers/local/object-store/server";
import { withOwnDatabase } from "./own-database";

const objects = 200;
const objectBytes = 1024 * 1024;
const location = "bench";
const bucket = "price";

/** Median ms of one step, and how many requests to the store an object takes in it. */
export type PricedStep = {
  readonly step: string;
  readonly p50Ms: number;
  readonly requests: number;
};

type World = {
  readonly ledger: Ledger;
  readonly claim: ClaimedChannel;
  readonly store: ObjectStore;
  readonly s3: S3Client;
};

/**
 * What exactly once costs: objects of 1 MB, one after the other, by the protocol's steps and by a bare
 * PUT, in turns, on the real database and object store. Whatever else is slower than the PUT is its price.
 */
export async function measurePrice(): Promise<PricedStep[]> {
  return withOwnDatabase(async ({ database, directory }) => {
    const key = { accessKeyId: "bench-key", secretAccessKey: randomBytes(16).toString("hex") };
    const region = "us-east-1";
    const server = await startObjectStore({
      ...{ port: 0, host: "127.0.0.1", dataDirectory: path.join(directory, "objects"), region },
      ...{ keys: [key], clock: systemClock, log: pino({ level: "silent" }) },
    });
    const endpoint = `http://127.0.0.1:${server.port}`;
    const config = { endpoint, region, bucket, forcePathStyle: true, ...key };
    await ensureBucket(config);
    const ledger = createLedger(database, { host: "bench" });
    const claim = await claimOne(ledger, (await seedTask(database, {})).id);
    const [store, s3] = [createS3ObjectStore(config), createS3Client(config)];
    try {
      return await priceSteps({ ledger, claim, store, s3 });
    } finally {
      store.close();
      s3.destroy();
      await server.close();
    }
  });
}

async function priceSteps(world: World): Promise<PricedStep[]> {
  const watch = new StepWatch();
  for (let number = 1; number <= objects; number++) {
    const body = randomBytes(objectBytes);
    await watch.step("a bare PUT", () =>
      world.s3.send(new PutObjectCommand({ Bucket: bucket, Key: `bare/${number}`, Body: body })),
    );
    await deliver(world, watch, number, body);
  }
  return watch.steps();
}

async function deliver(
  { ledger, claim, store }: World,
  watch: StepWatch,
  number: number,
  body: Uint8Array,
): Promise<void> {
  const { channelKey, workerId } = claim;
  const context: StageContext = {
    ...{ ledger, store, location, bucket, destinationId: "destination", channelKey, workerId },
    newObjectId: randomUUID,
  };
  const upload = new ObjectUpload(partBytesMinOfS3);
  const stem = "priced/task_0_priced__";
  await watch.step("log and create the upload", async () => {
    const last = (await ledger.lastSequences({ bucket, stems: [stem] })).get(stem) ?? 0;
    const sequence = last + 1;
    const key = `${stem}${sequence}`;
    await upload.begin(context, { objectId: randomUUID(), kind: "rows", key, sequence });
  });
  upload.push([body]);
  await watch.step("send the part", () => upload.sendAll(context));
  const decided = { ...upload.result(), partition: "priced", stem, rows: 1 };
  const batch = decidedBatch(number, { objects: [decided] });
  await watch.step("decide", async () => {
    const outcome = await ledger.decide({ lease: claim, batch, dirtySamples: [] });
    if (outcome !== "decided") throw new Error(`Batch ${number} was ${outcome}`);
  });
  const destination = { location, bucket, store };
  await watch.step("complete the upload", () =>
    publishBatch(destination, [decided], new Limit(1), () => {}),
  );
  const objectIds = [decided.objectId];
  await watch.step("mark it published", () =>
    ledger.markPublished({ channelKey, batchNumber: number, objectIds }),
  );
  await watch.step("note the ack", () =>
    ledger.markAcked({
      ...{ lease: claim, batchNumber: number, sequenceNumber: BigInt(number), finished: false },
    }),
  );
}

async function claimOne(ledger: Ledger, taskId: string): Promise<ClaimedChannel> {
  const { startCheckpoint: checkpoint } = decidedBatch(1);
  const position = { kind: "stream" as const, checkpoint, sequenceNumber: 0n };
  await ledger.addChannels({ taskId, channels: [{ channelId: "channel", ...position }] });
  await ledger.renewWorker({ workerId: "bench", leaseMs: 3_600_000 });
  const [claim] = await ledger.claimChannels({ workerId: "bench", limit: 1 });
  if (!claim) throw new Error("There is a channel to claim");
  return claim;
}

/** Times steps by name, and counts the HTTP requests that go out in them. */
class StepWatch {
  readonly #steps = new Map<string, { tookMs: number[]; requests: number }>();
  #requests = 0;

  constructor() {
    subscribe("http.client.request.start", () => {
      this.#requests += 1;
    });
  }

  async step(name: string, run: () => Promise<unknown>): Promise<void> {
    const step = this.#steps.get(name) ?? { tookMs: [], requests: 0 };
    this.#steps.set(name, step);
    const before = this.#requests;
    const began = performance.now();
    await run();
    step.tookMs.push(performance.now() - began);
    step.requests += this.#requests - before;
  }

  steps(): PricedStep[] {
    return [...this.#steps].map(([step, { tookMs, requests }]) => {
      const sorted = tookMs.toSorted((one, other) => one - other);
      return { step, p50Ms: sorted[sorted.length >> 1] ?? 0, requests: requests / tookMs.length };
    });
  }
}
