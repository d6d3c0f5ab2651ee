import { parquetReadObjects } from "hyparquet";
import { isBalanced } from "@/lib/core/account";
import type { ChannelLease, DecidedBatch, Ledger } from "@/lib/core/ports/ledger";
import type { ObjectStore } from "@/lib/core/ports/object-store";
import type { InMemoryObjectStore } from "@/lib/storage/testing/in-memory-object-store";
import { overridden } from "./overridden";
import type { LedgerChannel, LedgerObject, SimulatedLedger } from "./simulated-ledger";
import { partitionOf } from "./simulated-records";
import type { SimulatedChannel, SimulatedTunnel } from "./simulated-tunnel";

/** A calm world's dozen or so requests between a record's being read and its decide. */
const slackMs = 500;

/** A guarantee that does not hold. The message begins with its name. */
export class Violation extends Error {
  override readonly name = "Violation";
}

/** Throws a violation unless it holds. */
export function check(holds: boolean, message: () => string): void {
  if (!holds) throw new Violation(message());
}

/** The real one's `markPublished` is two statements here: a process can end between them. */
export type LedgerPort = Ledger & Pick<SimulatedLedger, "markObjects" | "markBatch">;

export type Watched = {
  readonly ledger: SimulatedLedger;
  readonly store: InMemoryObjectStore;
  readonly tunnel: SimulatedTunnel;
  readonly nowMs: () => number;
  readonly met: (what: string) => void;
  /** The longest that a batch may stay open, ms; null where faults may hold it up. */
  readonly openMsMax: number | null;
};

/** How far a channel has been looked through: nothing of it needs a second look. */
type Looked = { acked: number; ackedAtMs: number; published: number; isOver: boolean };

/**
 * The reader who lists the bucket all the while, and everybody else to whom something was promised:
 * looks at the whole world after every event. The names are those of lib/core/SPEC.md, and beside them
 *
 * J1  the janitor is told of no upload that a decided, unpublished object names
 * J2  an upload is logged before it exists, and whatever is logged can be found until it is gone
 * P1  a channel is over at its tunnel only when everything of it was delivered and acked
 */
export class Watcher {
  /** Every record that a reader ever saw, and in which object. A deleted object's records count too. */
  readonly #seen = new Map<number, string>();
  readonly #visibleOnce = new Set<string>();
  readonly #loggedUploads = new Set<string>();
  readonly #knownUploadIds = new Set<string>();
  readonly #foreign = new Set<string>();
  readonly #looked = new Map<string, Looked>();
  readonly #w: Watched;
  /** For faults that are worth most at a certain moment. */
  onDecided: (objects: readonly LedgerObject[]) => void = () => {};
  onCreated: (objectId: string) => void = () => {};
  onMarked: (objectIds: readonly string[]) => void = () => {};

  constructor(watched: Watched) {
    this.#w = watched;
  }

  watchLedger(port: LedgerPort): LedgerPort {
    const { ledger, met } = this.#w;
    return overridden(port, {
      markObjects: async (request) => {
        await port.markObjects(request);
        this.onMarked(request.objectIds);
      },
      decide: async (request) => {
        const channel = ledger.channels.get(request.lease.channelKey);
        const before = channel?.batches.length ?? 0;
        const outcome = await port.decide(request);
        const isNew = channel !== undefined && channel.batches.length > before;
        met(`decide: ${outcome}${outcome === "decided" && !isNew ? " before" : ""}`);
        if (isNew) {
          this.#decided(channel, request);
          this.onDecided(channel.batches.at(-1)?.objects ?? []);
        }
        return outcome;
      },
      replaceUpload: async (request) => {
        const outcome = await port.replaceUpload(request);
        met(`replaceUpload: ${outcome}`);
        return outcome;
      },
      markAcked: async (request) => {
        const outcome = await port.markAcked(request);
        met(`markAcked: ${outcome}`);
        const channel = ledger.channels.get(request.lease.channelKey);
        if (channel) this.#lookedOf(channel.channelId).ackedAtMs = this.#w.nowMs();
        return outcome;
      },
      logUpload: async (request) => {
        await port.logUpload(request);
        const isLogged = ledger.uploads.some(({ objectId }) => objectId === request.objectId);
        if (isLogged) this.#loggedUploads.add(request.objectId);
      },
      logUploadId: async (request) => {
        await port.logUploadId(request);
        const isKnown = ledger.uploads.some(({ uploadId }) => uploadId === request.uploadId);
        if (isKnown) this.#knownUploadIds.add(request.uploadId);
      },
      listAbandonedUploads: async (request) => {
        const uploads = await port.listAbandonedUploads(request);
        for (const { objectId, uploadId } of uploads) {
          const object = ledger.objectsById.get(objectId);
          const isNeeded = object?.isPublished === false && object.uploadId === uploadId;
          check(
            !isNeeded || ledger.isForgotten,
            () => `J1: ${uploadId} of ${object?.key} is needed`,
          );
        }
        return uploads;
      },
    });
  }

  watchStore(port: ObjectStore): ObjectStore {
    return overridden(port, {
      createUpload: async (request) => {
        const objectId = Object.values(request.metadata)[0] ?? "";
        check(this.#loggedUploads.has(objectId), () => `J2: ${request.key} was not logged before`);
        this.onCreated(objectId);
        return port.createUpload(request);
      },
      completeUpload: async (request) => {
        const outcome = await port.completeUpload(request);
        this.#w.met(`complete: ${outcome.kind}`);
        if (outcome.kind === "completed" && (await port.head(request.key)))
          await this.#appeared(request.key);
        return outcome;
      },
    });
  }

  /** Somebody puts an object of his own where one of ours belongs. False: ours was there already. */
  putForeign(key: string): boolean {
    if (this.#visibleOnce.has(key) || this.#foreign.has(key)) return false;
    this.#w.store.putForeignObject(key, Buffer.from("foreign"));
    this.#foreign.add(key);
    return true;
  }

  takeForeignAway(key: string): void {
    this.#foreign.delete(key);
    this.#w.store.deleteObject(key);
  }

  /** An object became visible. */
  async #appeared(key: string): Promise<void> {
    const { ledger, store } = this.#w;
    check(!this.#foreign.has(key), () => `D1: ${key} of somebody else was overwritten`);
    const object = objectAt(ledger, key);
    if (!object) throw new Violation(`D1: ${key} is visible and nobody decided it`);
    const bytes = (await store.read(key)) ?? new Uint8Array();
    const ids = object.kind === "rows" ? await readIds(bytes) : readDirtyIds(bytes);
    for (const id of ids) {
      const before = this.#seen.get(id);
      check(before === undefined, () => `D1: record ${id} of ${key} was seen in ${before}`);
      this.#seen.set(id, key);
      const folder = object.kind === "rows" ? partitionOf(id) : "_dirty/sim";
      check(object.partition === folder, () => `D7: record ${id} lies in ${object.partition}`);
    }
    check(
      ids.length === object.rows,
      () => `D7: ${key} has ${ids.length} rows, not ${object.rows}`,
    );
    this.#visibleOnce.add(key);
  }

  /** A batch was decided that was not there before. */
  #decided(channel: LedgerChannel, request: { lease: ChannelLease; batch: DecidedBatch }): void {
    const { lease } = request;
    const batch = channel.batches.at(-1);
    if (!batch) return;
    const name = `${channel.channelId}#${batch.number}`;
    const isOwner = lease.epoch === channel.epoch && lease.workerId === channel.owner;
    check(isOwner, () => `D6: epoch ${lease.epoch} of ${lease.workerId} decided ${name}`);
    check(isBalanced(batch.counts), () => `D2: the account of ${name} does not balance`);
    const count = channel.batches.length;
    check(batch.number === count, () => `D4: batch ${name} is number ${count}`);
    const before = channel.batches.at(-2)?.endCheckpoint ?? "0";
    check(batch.startCheckpoint === before, () => `D4: ${name} does not follow ${before}`);
    const source = this.#w.tunnel.channel(channel.channelId);
    const from = source.consumedBy(batch.startCheckpoint);
    const consumed = source.consumedBy(batch.endCheckpoint) - from;
    const { records, rows } = batch.counts;
    check(records === consumed, () => `D2: ${name} counts ${records} of ${consumed}`);
    const inObjects = batch.objects.reduce((sum, o) => sum + (o.kind === "rows" ? o.rows : 0), 0);
    check(inObjects === rows, () => `D2: ${name} has ${inObjects} rows in objects, not ${rows}`);
    // A page that was read ahead waits, in no batch, for the ack of the batch before.
    const readAtMs = source.readAtMs[from] ?? this.#w.nowMs();
    const openedAtMs = Math.max(readAtMs, this.#lookedOf(channel.channelId).ackedAtMs);
    const openMs = this.#w.nowMs() - openedAtMs;
    const { openMsMax } = this.#w;
    const isInTime = openMsMax === null || records === 0 || openMs <= openMsMax + slackMs;
    check(isInTime, () => `D5: ${name} was open for ${Math.round(openMs)} ms`);
  }

  /** After every event. */
  look(): void {
    for (const source of this.#w.tunnel.channels.values()) {
      const looked = this.#lookedOf(source.channelId);
      for (; looked.acked < source.trimmed; looked.acked += 1)
        this.#checkSeen(source, looked.acked, "D3");
      const isOver = this.#w.tunnel.statusOf(source.channelId) === "terminated";
      if (isOver && !looked.isOver) this.#checkOver(source);
      looked.isOver = isOver;
    }
    for (const channel of this.#w.ledger.channels.values()) this.#lookAt(channel);
  }

  #lookAt(channel: LedgerChannel): void {
    const { channelId, counts, batches, checkpoint } = channel;
    const source = this.#w.tunnel.channel(channelId);
    check(isBalanced(counts), () => `D2: the account of ${channelId} does not balance`);
    const consumed = source.consumedBy(checkpoint);
    check(
      counts.records === consumed,
      () => `D2: ${channelId} counts ${counts.records} of ${consumed}`,
    );
    const looked = this.#lookedOf(channelId);
    for (; batches[looked.published]?.isPublished === true; looked.published += 1) {
      const hidden = batches[looked.published]?.objects.find(
        ({ key }) => !this.#visibleOnce.has(key),
      );
      check(!hidden, () => `D7: ${hidden?.key} is marked as published, and nobody ever saw it`);
    }
    const through = source.consumedBy(batches[looked.published - 1]?.endCheckpoint ?? "0");
    check(
      source.trimmed <= through,
      () => `D3: ${channelId} is acked to ${source.trimmed}, published to ${through}`,
    );
    check(
      channel.ackedBatchNumber <= looked.published,
      () => `D3: ${channelId} is acked beyond ${through}`,
    );
  }

  #lookedOf(channelId: string): Looked {
    const known = this.#looked.get(channelId);
    if (known) return known;
    const looked = { acked: 0, ackedAtMs: 0, published: 0, isOver: false };
    this.#looked.set(channelId, looked);
    return looked;
  }

  #checkSeen(source: SimulatedChannel, at: number, guarantee: string): void {
    const record = source.records[at];
    const isDone = !record || record.kind === "delete" || this.#seen.has(record.id);
    check(isDone, () => `${guarantee}: record ${record?.id} of ${source.channelId} was never seen`);
  }

  #checkOver(source: SimulatedChannel): void {
    for (let at = 0; at < source.records.length; at += 1) this.#checkSeen(source, at, "P1");
    const acked = source.consumedBy(source.checkpoint);
    check(
      acked === source.records.length,
      () => `P1: ${source.channelId} is over, acked to ${acked}`,
    );
  }

  /** Nothing happens any more: everything was delivered, and nothing was left behind that nobody knows. */
  ended(): void {
    const { ledger, store, tunnel } = this.#w;
    const lost = store.openUploads().filter(({ uploadId }) => this.#knownUploadIds.has(uploadId));
    check(
      lost.length === 0,
      () => `J2: uploads that the janitor cannot find: ${lost.map(({ uploadId }) => uploadId)}`,
    );
    check(ledger.uploads.length === 0, () => `J2: the log keeps ${ledger.uploads.length} uploads`);
    if (ledger.isForgotten) return;
    for (const source of tunnel.channels.values()) {
      for (let at = 0; at < source.records.length; at += 1) this.#checkSeen(source, at, "D1");
      const of = (kind: string) => source.records.filter((one) => one.kind === kind).length;
      const counts = ledger.channelOf(source.channelId)?.counts;
      const account = [counts?.records, counts?.rows, counts?.deletesIgnored, counts?.dirtyRecords];
      const expected = [source.records.length, of("row"), of("delete"), of("dirty")];
      check(
        `${account}` === `${expected}`,
        () => `D2: ${source.channelId} accounts for ${account}`,
      );
    }
  }
}

function objectAt(ledger: SimulatedLedger, key: string): LedgerObject | undefined {
  return ledger.objectsByKey.get(`memory sim ${key}`);
}

async function readIds(bytes: Uint8Array): Promise<number[]> {
  const file = new Uint8Array(bytes).buffer;
  const rows = await parquetReadObjects({ file, columns: ["id"] });
  return rows.map(({ id }) => Number(id));
}

function readDirtyIds(bytes: Uint8Array): number[] {
  const lines = Buffer.from(bytes).toString("utf8").trim().split("\n");
  return lines.map((line) => Number(JSON.parse(line).key));
}
