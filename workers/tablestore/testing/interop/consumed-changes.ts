import {
  applyChange,
  type ChangeText,
  type ChangeWriter,
  describeChange,
  describeRow,
  type RowText,
} from "./change-writer";
import type { KeyColumn, SdkValue } from "./sdk-driver";

/** A page of records that a worker of an SDK was given, as the programs write it. */
export type RecordPage = {
  /** When the worker wrote it, epoch ms. */
  readonly at: number;
  readonly channel: string;
  readonly records: readonly {
    readonly action: "put" | "update" | "delete";
    /** The record's place in its channel, which sorts as text; null in base data. */
    readonly seq: string | null;
    readonly key: readonly KeyColumn[];
    readonly columns: readonly ({
      readonly name: string;
      readonly op: "put" | "deleteVersion" | "deleteColumn";
    } & SdkValue)[];
  }[];
};
type ConsumedRecord = RecordPage["records"][number];

type KeyHistory = {
  /** What base data said of the row: nothing, one image, or by a fault several. */
  readonly base: Set<string>;
  /** Changes by place, in the order in which they came first. */
  readonly changes: Map<string, ChangeText>;
  readonly channels: Set<string>;
};

/** The union of what several workers consumed, put together as it comes. */
export class ConsumedChanges {
  readonly #histories = new Map<string, KeyHistory>();
  baseRecords = 0;
  streamRecords = 0;
  /** Records that came again after a worker was lost. */
  repeated = 0;

  add(page: RecordPage): void {
    for (const record of page.records) this.#addRecord(page.channel, record);
  }

  #addRecord(channel: string, record: ConsumedRecord): void {
    const key = record.key.map(({ value }) => value).join("/");
    const history = this.#histories.get(key) ?? emptyHistory();
    this.#histories.set(key, history);
    const cells = record.columns.map(({ name, op, value }) =>
      op === "put" ? `${name}=${value}` : `-${name}`,
    );
    if (record.seq === null) {
      this.baseRecords++;
      if (history.base.size > 0) this.repeated++;
      history.base.add(describeRow(cells));
      return;
    }
    this.streamRecords++;
    history.channels.add(channel);
    if (history.changes.has(record.seq)) {
      this.repeated++;
      return;
    }
    const type = ({ put: "PUT", update: "UPDATE", delete: "DELETE" } as const)[record.action];
    history.changes.set(record.seq, describeChange(type, cells));
  }

  /**
   * Whether each row's last confirmed change has come. Nothing is deleted twice in a row, so of two
   * changes one is like no other; a page that is still to come can only make this wait.
   */
  hasCaughtUp(writer: ChangeWriter): boolean {
    return [...writer.changes].every(([key, written]) => {
      const history = this.#histories.get(key);
      const last = changesInOrder(history).slice(-2);
      const expected = written.slice(-last.length).map(({ text }) => text);
      const isLast = last.every((text, index) => text === expected[index]);
      if (last.length === 2) return isLast;
      return isLast && baseOf(history) === (written.at(-1 - last.length)?.after ?? null);
    });
  }

  /**
   * Everything that is not as it has to be, at most a few of each: base data is the rows at one
   * moment, and the changes after it are exactly those that were confirmed after it, in their order.
   */
  problems(writer: ChangeWriter): string[] {
    const problems = [...this.#histories.keys()]
      .filter((key) => !writer.changes.has(key))
      .map((key) => `${key}: nobody wrote it`);
    for (const [key, written] of writer.changes) {
      const problem = problemOf(this.#histories.get(key) ?? emptyHistory(), written);
      if (problem !== null) problems.push(`${key}: ${problem}`);
    }
    return problems.slice(0, 20);
  }

  /** The rows that base data and the changes upon it make. */
  rows(): Map<string, string> {
    const rows = new Map<string, string>();
    for (const [key, history] of this.#histories) {
      const row = changesInOrder(history).reduce(applyChange, baseOf(history));
      if (row !== null) rows.set(key, row);
    }
    return rows;
  }
}

function emptyHistory(): KeyHistory {
  return { base: new Set(), changes: new Map(), channels: new Set() };
}

/** By their places, which sort as text. */
function changesInOrder(history: KeyHistory | undefined): ChangeText[] {
  return [...(history?.changes ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
}

const baseOf = (history: KeyHistory | undefined): RowText => [...(history?.base ?? [])][0] ?? null;

function problemOf(
  history: KeyHistory,
  written: readonly { readonly text: ChangeText; readonly after: RowText }[],
): string | null {
  const places = [...history.changes.keys()];
  if (places.some((place, index) => index > 0 && place <= (places[index - 1] as string))) {
    return `changes came out of order: ${places.join(", ")}`;
  }
  if (history.channels.size > 1) return `came through ${[...history.channels].join(" and ")}`;
  if (history.base.size > 1) return `two images in base data: ${[...history.base]}`;
  const changes = [...history.changes.values()];
  const before = written.length - changes.length;
  const expected = written.slice(before).map(({ text }) => text);
  if (before < 0 || changes.some((text, index) => text !== expected[index])) {
    return `consumed ${JSON.stringify(changes)}, written ${JSON.stringify(written.map(({ text }) => text))}`;
  }
  const atCut = before === 0 ? null : (written[before - 1]?.after ?? null);
  const base = baseOf(history);
  return base === atCut ? null : `base data says ${base}, at the cut stood ${atCut}`;
}
