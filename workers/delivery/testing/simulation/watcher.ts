import { parquetReadObjects } from "hyparquet";
import { isBalanced } from "@/lib/core/account";
import type { ChannelLedger } from "@/lib/core/ports/ledger";
import { flushMs, partitionOf, type SimulatedChannel } from "./simulated-source";
import type { World } from "./world";

/** A calm world's dozen or so requests between a record's being read and its decide. */
const slackMs = 500;

type DecideRequest = Parameters<ChannelLedger["decide"]>[0];

/** A guarantee that does not hold. The message begins with its name. */
export class Violation extends Error {
  override readonly name = "Violation";
}

function check(holds: boolean, message: string): void {
  if (!holds) throw new Violation(message);
}

/**
 * The reader who lists the bucket all the while, and everybody else to whom something was promised.
 * Looks after each event that could break an invariant of lib/core/SPEC.md.
 */
export class Watcher {
  /** Every record that a reader ever saw, and in which object. A deleted object's records count too. */
  readonly #seen = new Map<number, string>();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** An object became visible. */
  async appeared(key: string): Promise<void> {
    const { ledger, store } = this.#world;
    const object = ledger.objects().find((one) => one.key === key);
    if (!object) throw new Violation(`D1: ${key} is visible and nobody decided it`);
    const bytes = await store.read(key);
    const ids = object.kind === "rows" ? await readIds(bytes) : readDirtyIds(bytes);
    check(ids.length === object.rows, `D7: ${key} has ${ids.length} rows, not ${object.rows}`);
    for (const id of ids) {
      const before = this.#seen.get(id);
      check(before === undefined, `D1: record ${id} of ${key} was seen in ${before}`);
      this.#seen.set(id, key);
      const folder = object.kind === "rows" ? partitionOf(id) : "_dirty/sim";
      check(object.partition === folder, `D7: record ${id} lies in ${object.partition}`);
    }
  }

  knowsBatch({ lease, batch }: DecideRequest): boolean {
    const stored = this.#world.ledger.channels.get(lease.channelKey)?.batches[batch.number - 1];
    return stored !== undefined && stored.epoch === lease.epoch;
  }

  /** A batch was decided that was not there before. */
  decided({ lease, batch }: DecideRequest): void {
    const { ledger, tunnel } = this.#world;
    const channel = ledger.channels.get(lease.channelKey);
    if (!channel) return;
    const name = `${channel.channelId}#${batch.number}`;
    check(lease.epoch === channel.epoch, `D6: epoch ${lease.epoch} decided ${name}`);
    check(isBalanced(batch.counts), `D2: the account of ${name} does not balance`);
    channel.batches.forEach(({ number, startCheckpoint }, index) => {
      const before = channel.batches[index - 1]?.endCheckpoint ?? "0";
      check(
        number === index + 1,
        `D4: batch ${number} of ${channel.channelId} stands ${index + 1}.`,
      );
      check(startCheckpoint === before, `D4: ${channel.channelId}#${number} does not follow`);
    });
    const source = tunnel.get(channel.channelId) as SimulatedChannel;
    const consumed =
      source.consumedBy(batch.endCheckpoint) - source.consumedBy(batch.startCheckpoint);
    check(
      batch.counts.records === consumed,
      `D2: ${name} counts ${batch.counts.records} of ${consumed}`,
    );
    const readAtMs = source.readAtMs.get(source.consumedBy(batch.startCheckpoint));
    const ageMs = this.#world.queue.nowMs - (readAtMs ?? this.#world.queue.nowMs);
    const isDue = !this.#world.isCalm || ageMs <= flushMs + slackMs;
    check(isDue, `D5: ${name} was open for ${Math.round(ageMs)} ms`);
    const inObjects = batch.objects.reduce((sum, o) => sum + (o.kind === "rows" ? o.rows : 0), 0);
    check(inObjects === batch.counts.rows, `D2: ${name} has ${inObjects} rows in objects`);
  }

  /** The tunnel took a checkpoint: what it trimmed must have been seen by readers. */
  acked(channelId: string): void {
    const { records, trimmed } = this.#world.tunnel.get(channelId) as SimulatedChannel;
    for (const { id, kind } of records.slice(0, trimmed)) {
      check(kind === "delete" || this.#seen.has(id), `D3: record ${id} was acked and never seen`);
    }
  }

  /** Nothing happens any more: everything was delivered, and nothing was left behind that nobody knows. */
  ended(): void {
    const { ledger, store, tunnel } = this.#world;
    for (const channel of ledger.channels.values()) {
      const { records } = tunnel.get(channel.channelId) as SimulatedChannel;
      const missing = records.filter(({ id, kind }) => kind !== "delete" && !this.#seen.has(id));
      check(missing.length === 0, `D1: never seen: ${missing.map(({ id }) => id)}`);
      const of = (kind: string) => records.filter((one) => one.kind === kind).length;
      const { counts } = channel;
      const account = [counts.records, counts.rows, counts.deletesIgnored, counts.dirtyRecords];
      const expected = [records.length, of("row"), of("delete"), of("dirty")];
      check(`${account}` === `${expected}`, `D2: ${channel.channelId} accounts for ${account}`);
      check(channel.isDrained, `${channel.channelId} is not drained`);
    }
    const logged = new Set(ledger.uploads.map(({ uploadId }) => uploadId));
    const isUnknown = ledger.uploads.some(({ uploadId }) => uploadId === null);
    const lost = store.openUploads().filter(({ uploadId }) => !logged.has(uploadId));
    check(lost.length === 0 || isUnknown, `Uploads that the janitor cannot find: ${lost.length}`);
  }
}

async function readIds(bytes: Uint8Array | null): Promise<number[]> {
  if (!bytes) return [];
  const file = new Uint8Array(bytes).buffer;
  const rows = await parquetReadObjects({ file, columns: ["id"] });
  return rows.map(({ id }) => Number(id));
}

function readDirtyIds(bytes: Uint8Array | null): number[] {
  const lines = Buffer.from(bytes ?? [])
    .toString("utf8")
    .trim()
    .split("\n");
  return lines.map((line) => Number(JSON.parse(line).key));
}
