import type { ClassicLevel } from "classic-level";
import { checkLimit, limits } from "../limits";
import { Refusal } from "../refusal";
import type { Commit } from "./commit";
import type { Garbage, KeyRange } from "./garbage";
import { endOfPrefix, idKey, logKey, namespace, tableKey } from "./key-encoding";
import { type LogChannel, openLogChannel } from "./stream-log";
import { openTable, type StreamDocument, type Table, type TableDocument } from "./table";

type Db = ClassicLevel<Buffer, Buffer>;

export type StreamSettings = {
  readonly expirationHours: number;
  readonly columnsToGet: readonly string[];
};

/** The tables of the instance. Its methods that take a commit are for commit jobs only. */
export class Catalogue {
  readonly #tables = new Map<string, Table>();
  readonly #channels = new Map<number, LogChannel>();
  readonly #garbage: Garbage;
  readonly #newId: () => string;
  readonly #channelsPerTable: number;

  constructor(options: { garbage: Garbage; newId: () => string; channelsPerTable: number }) {
    this.#garbage = options.garbage;
    this.#newId = options.newId;
    this.#channelsPerTable = options.channelsPerTable;
  }

  async open(db: Db): Promise<void> {
    const prefix = Buffer.of(namespace.table);
    for (const value of await db.values({ gte: prefix, lt: endOfPrefix(prefix) }).all()) {
      const document = JSON.parse(value.toString("utf8")) as TableDocument;
      const channels: LogChannel[] = [];
      for (const { ordinal, id } of document.stream?.channels ?? []) {
        const channel = await openLogChannel(db, ordinal, id);
        channels.push(channel);
        this.#channels.set(ordinal, channel);
      }
      this.#tables.set(document.name, openTable(document, channels));
    }
  }

  find(name: string): Table | undefined {
    return this.#tables.get(name);
  }

  require(name: string): Table {
    const table = this.#tables.get(name);
    if (table === undefined) {
      throw new Refusal("OTSObjectNotExist", "Requested table does not exist.");
    }
    return table;
  }

  /** All tables, by name. */
  all(): Table[] {
    return [...this.#tables.values()].sort((a, b) => (a.document.name < b.document.name ? -1 : 1));
  }

  /** A channel that exists; undefined once its stream was switched off or its table deleted. */
  channel(ordinal: number): LogChannel | undefined {
    return this.#channels.get(ordinal);
  }

  create(
    commit: Commit,
    draft: Omit<TableDocument, "id" | "createdAtMs" | "stream">,
    stream: StreamSettings | null,
  ): Table {
    if (this.#tables.has(draft.name)) {
      throw new Refusal("OTSObjectAlreadyExist", "Requested table already exists.");
    }
    checkLimit(limits.tables, this.#tables.size + 1);
    const document = { ...draft, id: commit.nextId(), createdAtMs: commit.nowMs, stream: null };
    const table = openTable(document, []);
    if (stream !== null) this.#switchStreamOn(commit, table, stream);
    this.#put(commit, table, table.document);
    this.#tables.set(draft.name, table);
    return table;
  }

  /** Replaces options or throughput. */
  update(commit: Commit, table: Table, change: Partial<TableDocument>): void {
    this.#put(commit, table, { ...table.document, ...change });
  }

  /** Switches the stream on, or changes the settings of one that is on. */
  enableStream(commit: Commit, table: Table, settings: StreamSettings): void {
    const { stream } = table.document;
    if (stream === null) this.#switchStreamOn(commit, table, settings);
    else table.document = { ...table.document, stream: { ...stream, ...settings } };
    this.#put(commit, table, table.document);
  }

  /** Switches the stream off; its records are gone for good, and tunnels on them have expired. */
  disableStream(commit: Commit, table: Table): void {
    this.#garbage.add(commit, ...this.#dropChannels(table));
    this.#put(commit, table, { ...table.document, stream: null });
  }

  drop(commit: Commit, table: Table): void {
    const { id, name } = table.document;
    const rows = { gte: idKey(namespace.row, id), lt: idKey(namespace.row, id + 1) };
    this.#garbage.add(commit, rows, ...this.#dropChannels(table));
    commit.deleteKey(tableKey(name));
    this.#tables.delete(name);
  }

  #put(commit: Commit, table: Table, document: TableDocument): void {
    table.document = document;
    commit.putDocument(tableKey(document.name), document);
  }

  #switchStreamOn(commit: Commit, table: Table, settings: StreamSettings): void {
    const channels: LogChannel[] = Array.from({ length: this.#channelsPerTable }, () => ({
      ordinal: commit.nextId(),
      id: this.#newId(),
      nextSequence: 0,
      durableSequence: 0,
      lastTimestampUs: 0,
      firstSequence: 0,
      waiters: new Set(),
    }));
    const stream: StreamDocument = {
      ...settings,
      id: this.#newId(),
      enabledAtMs: commit.nowMs,
      channels: channels.map(({ ordinal, id }) => ({ ordinal, id })),
    };
    table.document = { ...table.document, stream };
    table.channels = channels;
    for (const channel of channels) this.#channels.set(channel.ordinal, channel);
  }

  /** Forgets the table's channels and gives what they leave behind. */
  #dropChannels(table: Table): KeyRange[] {
    const ranges: KeyRange[] = [];
    for (const channel of table.channels) {
      this.#channels.delete(channel.ordinal);
      for (const wake of channel.waiters) wake();
      const { ordinal } = channel;
      ranges.push({ gte: logKey(ordinal, 0), lt: idKey(namespace.log, ordinal + 1) });
      for (const space of [namespace.logHead, namespace.logTrim]) {
        ranges.push({ gte: idKey(space, ordinal), lt: idKey(space, ordinal + 1) });
      }
    }
    table.channels = [];
    return ranges;
  }
}
