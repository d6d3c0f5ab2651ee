import type { ClassicLevel } from "classic-level";
import type { CommitClock } from "./commit-clock";
import { clockKey, idKey, logKey, namespace } from "./key-encoding";
import { type LogRecord, packLogEntry } from "./log-entry";
import { type RowKey, rowKeyOf } from "./row-key";
import { encodeLogHead, type LogChannel, nextTimestampUs, wakeReaders } from "./stream-log";

type Db = ClassicLevel<Buffer, Buffer>;
type Write = { readonly key: Buffer; readonly value: Buffer | null };
type Undo =
  | { readonly kind: "write"; readonly text: string; readonly before: Write | undefined }
  | { readonly kind: "record"; readonly channel: LogChannel };

/** A point that a commit can be taken back to. */
export type Savepoint = number;

/**
 * What one group of jobs changes, before it is written. Reads see the group's own writes, so jobs
 * of one group follow each other as if each had been written alone.
 */
export class Commit {
  readonly #db: Db;
  readonly #clock: CommitClock;
  readonly #writes = new Map<string, Write>();
  readonly #read = new Map<string, Buffer | undefined>();
  readonly #records = new Map<LogChannel, LogRecord[]>();
  readonly #undo: Undo[] = [];
  /** Time of the group, epoch ms. */
  readonly nowMs: number;
  #sequence = 0;

  constructor(db: Db, clock: CommitClock) {
    this.#db = db;
    this.#clock = clock;
    this.nowMs = clock.nowMs();
  }

  /** The running job's number: rows that it changes carry it. */
  get sequence(): number {
    return this.#sequence;
  }

  /** An id that no table, channel or cut ever had. */
  nextId(): number {
    return this.#clock.nextId();
  }

  beginJob(): Savepoint {
    this.#sequence = this.#clock.nextSequence();
    return this.#undo.length;
  }

  savepoint(): Savepoint {
    return this.#undo.length;
  }

  /** Takes back every write and record since the savepoint. */
  rollback(savepoint: Savepoint): void {
    while (this.#undo.length > savepoint) {
      const undo = this.#undo.pop() as Undo;
      if (undo.kind === "record") this.#records.get(undo.channel)?.pop();
      else if (undo.before === undefined) this.#writes.delete(undo.text);
      else this.#writes.set(undo.text, undo.before);
    }
  }

  /** Reads many keys at once, before the jobs run. */
  async prefetch(keys: readonly RowKey[]): Promise<void> {
    if (keys.length === 0) return;
    const values = await this.#db.getMany(keys.map((key) => key.bytes));
    keys.forEach((key, index) => {
      this.#read.set(key.text, values[index]);
    });
  }

  get(key: RowKey): Buffer | undefined {
    const write = this.#writes.get(key.text);
    if (write !== undefined) return write.value ?? undefined;
    if (this.#read.has(key.text)) return this.#read.get(key.text);
    const value = this.#db.getSync(key.bytes);
    this.#read.set(key.text, value);
    return value;
  }

  put(key: RowKey, value: Buffer): void {
    this.#write(key, value);
  }

  delete(key: RowKey): void {
    this.#write(key, null);
  }

  /** A document of the catalogue or of a tunnel, as JSON. */
  putDocument(key: Buffer, document: unknown): void {
    this.putKey(key, Buffer.from(JSON.stringify(document), "utf8"));
  }

  putKey(key: Buffer, value: Buffer): void {
    this.#write(rowKeyOf(key), value);
  }

  deleteKey(key: Buffer): void {
    this.#write(rowKeyOf(key), null);
  }

  #write(key: RowKey, value: Buffer | null): void {
    this.#undo.push({ kind: "write", text: key.text, before: this.#writes.get(key.text) });
    this.#writes.set(key.text, { key: key.bytes, value });
  }

  append(channel: LogChannel, record: LogRecord): void {
    const records = this.#records.get(channel);
    if (records === undefined) this.#records.set(channel, [record]);
    else records.push(record);
    this.#undo.push({ kind: "record", channel });
  }

  /** The sequence that the channel's next record will get: where a tunnel starts that begins now. */
  nextSequenceOf(channel: LogChannel): number {
    return channel.nextSequence + (this.#records.get(channel)?.length ?? 0);
  }

  /**
   * A channel that takes over from `parent` from now on: its records are later than all that the
   * parent has, including those of this commit.
   */
  startAfter(parent: LogChannel, child: LogChannel): void {
    child.lastTimestampUs = nextTimestampUs(parent, this.nowMs);
    this.putKey(idKey(namespace.logHead, child.ordinal), encodeLogHead(0, child.lastTimestampUs));
  }

  get isEmpty(): boolean {
    return this.#writes.size === 0 && this.#channelsWithRecords().length === 0;
  }

  #channelsWithRecords(): [LogChannel, LogRecord[]][] {
    return [...this.#records].filter(([, records]) => records.length > 0);
  }

  /** Writes everything in one synced batch, then lets readers see the new records. */
  async write(): Promise<void> {
    // One call per entry costs a tenth of an array of operations, which would be copied one by one.
    const batch = this.#db.batch();
    for (const { key, value } of this.#writes.values()) {
      if (value === null) batch.del(key);
      else batch.put(key, value);
    }
    const appended = this.#channelsWithRecords();
    for (const [channel, records] of appended) {
      const timestampUs = nextTimestampUs(channel, this.nowMs);
      const entry = packLogEntry(records, timestampUs);
      batch.put(logKey(channel.ordinal, channel.nextSequence), entry);
      channel.nextSequence += records.length;
      channel.lastTimestampUs = timestampUs;
      const head = encodeLogHead(channel.nextSequence, timestampUs);
      batch.put(idKey(namespace.logHead, channel.ordinal), head);
    }
    batch.put(clockKey, this.#clock.encode());
    await batch.write({ sync: true });
    for (const [channel] of appended) publishRecords(channel);
  }
}

function publishRecords(channel: LogChannel): void {
  channel.durableSequence = channel.nextSequence;
  wakeReaders(channel);
}
