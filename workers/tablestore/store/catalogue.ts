import type { ClassicLevel } from "classic-level";
import { invariant } from "@/lib/core/error";
import { checkLimit, limits } from "../limits";
import { Refusal } from "../refusal";
import type { Commit } from "./commit";
import type { Garbage, KeyRange } from "./garbage";
import { endOfPrefix, idKey, namespace, tableKey } from "./key-encoding";
import {
  type ChannelRange,
  type LogChannel,
  newLogChannel,
  openLogChannel,
  wakeReaders,
} from "./stream-log";
import {
  openTable,
  type StreamChannelDocument,
  type StreamDocument,
  type Table,
  type TableDocument,
} from "./table";

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
      const table = openTable(withRanges(JSON.parse(value.toString("utf8")) as TableDocument));
      for (const { end, ...described } of table.document.stream?.channels ?? []) {
        const channel = await openLogChannel(db, newLogChannel(described));
        channel.endSequence = end?.sequence ?? null;
        (end === null ? table.channels : table.closedChannels).push(channel);
        this.#channels.set(channel.ordinal, channel);
      }
      this.#tables.set(table.document.name, table);
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
    const table = openTable(document);
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
    const count = this.#channelsPerTable;
    table.channels = Array.from({ length: count }, (_, index) =>
      this.#newChannel(commit, null, evenRange(index, count)),
    );
    const stream: StreamDocument = {
      ...settings,
      id: this.#newId(),
      enabledAtMs: commit.nowMs,
      channels: table.channels.map((channel) => describeChannel(channel, null)),
    };
    table.document = { ...table.document, stream };
  }

  #newChannel(commit: Commit, parentId: string | null, range: ChannelRange): LogChannel {
    const ordinal = commit.nextId();
    const channel = newLogChannel({ ordinal, id: this.#newId(), parentId, ...range });
    this.#channels.set(ordinal, channel);
    return channel;
  }

  /**
   * Ends a channel at the records it has by now, those of this commit included, and lets two others
   * go on, each with half of its range. Readers learn of the end by `showEnd`.
   */
  splitChannel(commit: Commit, table: Table, parent: LogChannel): [LogChannel, LogChannel] {
    const { stream } = table.document;
    const at = table.channels.indexOf(parent);
    invariant(stream !== null && at >= 0, "only a channel that is written can be split");
    const { hashStart, hashEnd } = parent;
    const middle = Math.floor((hashStart + hashEnd) / 2);
    const children: [LogChannel, LogChannel] = [
      this.#newChannel(commit, parent.id, { hashStart, hashEnd: middle }),
      this.#newChannel(commit, parent.id, { hashStart: middle, hashEnd }),
    ];
    for (const child of children) commit.startAfter(parent, child);
    const end = { sequence: commit.nextSequenceOf(parent), atMs: commit.nowMs };
    table.channels = table.channels.toSpliced(at, 1, ...children);
    table.closedChannels = [...table.closedChannels, parent];
    const channels = stream.channels.flatMap((channel) =>
      channel.id === parent.id
        ? [describeChannel(parent, end), ...children.map((child) => describeChannel(child, null))]
        : [channel],
    );
    this.#put(commit, table, { ...table.document, stream: { ...stream, channels } });
    return children;
  }

  /** To be called when the split is on disk: an end that a reader acted on must not come undone. */
  showEnd(table: Table, channel: LogChannel): void {
    const described = table.document.stream?.channels.find(({ id }) => id === channel.id);
    channel.endSequence = described?.end?.sequence ?? null;
    wakeReaders(channel);
  }

  /** Forgets a split channel that nobody reads any more and none of whose records is left. */
  forgetClosed(commit: Commit, table: Table, channel: LogChannel): void {
    const { stream } = table.document;
    if (stream === null || !table.closedChannels.includes(channel)) return;
    table.closedChannels = table.closedChannels.filter((other) => other !== channel);
    this.#garbage.add(commit, ...this.#dropChannel(channel));
    const channels = stream.channels.filter(({ id }) => id !== channel.id);
    this.#put(commit, table, { ...table.document, stream: { ...stream, channels } });
  }

  /** Forgets the table's channels and gives what they leave behind. */
  #dropChannels(table: Table): KeyRange[] {
    const dropped = [...table.channels, ...table.closedChannels];
    table.channels = [];
    table.closedChannels = [];
    return dropped.flatMap((channel) => this.#dropChannel(channel));
  }

  #dropChannel(channel: LogChannel): KeyRange[] {
    const { ordinal } = channel;
    this.#channels.delete(ordinal);
    wakeReaders(channel);
    return [namespace.log, namespace.logHead, namespace.logTrim].map((space) => ({
      gte: idKey(space, ordinal),
      lt: idKey(space, ordinal + 1),
    }));
  }
}

/** Hashes of partition keys are below this. */
const hashCount = 0x1_0000_0000;

function evenRange(index: number, count: number): ChannelRange {
  const bound = (at: number) => Math.ceil((at * hashCount) / count);
  return { hashStart: bound(index), hashEnd: bound(index + 1) };
}

/** Tables from before channels could be split have an even cut and say nothing of it. */
function withRanges(document: TableDocument): TableDocument {
  const { stream } = document;
  if (stream === null) return document;
  const channels = stream.channels.map((channel, index): StreamChannelDocument => {
    const unsplit = { parentId: null, end: null, ...evenRange(index, stream.channels.length) };
    return { ...unsplit, ...channel };
  });
  return { ...document, stream: { ...stream, channels } };
}

function describeChannel(
  { ordinal, id, parentId, hashStart, hashEnd }: LogChannel,
  end: StreamChannelDocument["end"],
): StreamChannelDocument {
  return { ordinal, id, parentId, hashStart, hashEnd, end };
}
