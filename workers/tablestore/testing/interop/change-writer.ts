import type { TablestoreClient } from "@/lib/tablestore/client";
import type { PlainCell } from "@/lib/tablestore/plain-row";
import { integer, operation, rowBytes, text } from "../tunnel-reader";

/** A change as one line of text, the same for the writer and for whoever reads it back. */
export type ChangeText = string;
/** A row's columns as one line of text; null for a row that is not there. */
export type RowText = string | null;

type Change = { readonly text: ChangeText; readonly after: RowText };

const batchRows = 100;
const lanes = 4;

/**
 * Writes batches into a table, and knows each row's changes in the order in which the service
 * confirmed them. Rows of one lane are written one batch after the other, so that order is certain.
 */
export class ChangeWriter {
  readonly #client: TablestoreClient;
  readonly #table: string;
  /** By key: what was confirmed, oldest first. */
  readonly changes = new Map<string, Change[]>();
  #serial = 0;
  #isStopped = false;

  constructor(client: TablestoreClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  /** Puts each key once. */
  async putRows(keys: readonly string[]): Promise<void> {
    await this.#inLanes(keys, async (own) => {
      for (let start = 0; start < own.length; start += batchRows) {
        await this.#writeBatch(own.slice(start, start + batchRows).map((key) => this.#put(key)));
      }
    });
  }

  /** Changes rows of the keys, some of them again and again, until it is told to stop. */
  async changeRows(keys: readonly string[], pauseMs: number): Promise<void> {
    await this.#inLanes(keys, async (own) => {
      while (!this.#isStopped) {
        const batch = new Set<string>();
        while (batch.size < batchRows / 2) {
          // Squared, so that some rows change often.
          const index = Math.floor(Math.random() ** 2 * own.length);
          batch.add(own[index] as string);
        }
        await this.#writeBatch([...batch].map((key) => this.#anyChange(key)));
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    });
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #inLanes(
    keys: readonly string[],
    work: (own: readonly string[]) => Promise<void>,
  ): Promise<void> {
    const own = Array.from({ length: lanes }, (_, lane) =>
      keys.filter((_, index) => index % lanes === lane),
    );
    await Promise.all(own.map(work));
  }

  #anyChange(key: string): Draft {
    const kind = Math.random();
    if (kind < 0.4) return this.#put(key);
    if (kind < 0.8) return this.#update(key);
    // Never twice in a row: a reader could not tell the second from the first.
    const stands = (this.changes.get(key)?.at(-1)?.after ?? null) !== null;
    return stands ? { key, type: "DELETE", cells: [] } : this.#put(key);
  }

  #put(key: string): Draft {
    const serial = ++this.#serial;
    return { key, type: "PUT", cells: [integer("n", serial), text("s", `row ${serial} żółw 🦊`)] };
  }

  #update(key: string): Draft {
    const serial = ++this.#serial;
    const cells = [integer("n", serial), integer(`u${serial % 3}`, 2n ** 60n + BigInt(serial))];
    const gone = serial % 5 === 0 ? [operation("s", "delete-all-versions")] : [];
    return { key, type: "UPDATE", cells: [...cells, ...gone] };
  }

  async #writeBatch(drafts: readonly Draft[]): Promise<void> {
    const rows = drafts.map(({ key, type, cells }) => ({
      type,
      rowChange: rowBytes([text("pk", key)], cells, type === "DELETE"),
      condition: { rowExistence: "IGNORE" as const },
    }));
    const { tables } = await this.#client.call("BatchWriteRow", {
      tables: [{ tableName: this.#table, rows }],
    });
    const refused = tables[0]?.rows.find(({ isOk }) => !isOk);
    if (refused || tables[0]?.rows.length !== rows.length) {
      throw new Error(`A row was refused: ${refused?.error?.code}`);
    }
    for (const draft of drafts) this.#confirm(draft);
  }

  #confirm(draft: Draft): void {
    const changes = this.changes.get(draft.key) ?? [];
    const text = describeChange(draft.type, draft.cells.map(describeCell));
    changes.push({ text, after: applyChange(changes.at(-1)?.after ?? null, text) });
    this.changes.set(draft.key, changes);
  }
}

type Draft = {
  readonly key: string;
  readonly type: "PUT" | "UPDATE" | "DELETE";
  readonly cells: readonly PlainCell[];
};

/** `name=value`, or `-name` for a column that goes. */
function describeCell({ name, value }: PlainCell): string {
  return value === null ? `-${name}` : `${name}=${"value" in value ? value.value : ""}`;
}

/** Cells in any order make the same text. */
export function describeChange(
  type: "PUT" | "UPDATE" | "DELETE",
  cells: readonly string[],
): ChangeText {
  return [type, ...[...cells].sort()].join("; ");
}

export const describeRow = (cells: readonly string[]): string => [...cells].sort().join("; ");

function columnsOf(row: RowText): string[] {
  return row === null ? [] : row.split("; ");
}

/** What the row is after a change of it. */
function applyCells(
  type: "PUT" | "UPDATE",
  before: readonly string[],
  written: readonly string[],
): RowText {
  const nameOf = (cell: string) => cell.replace(/^-/, "").replace(/=.*$/, "");
  const touched = new Set(written.map(nameOf));
  const kept = type === "PUT" ? [] : before.filter((cell) => !touched.has(nameOf(cell)));
  const cells = [...kept, ...written.filter((cell) => !cell.startsWith("-"))];
  return cells.length === 0 ? null : describeRow(cells);
}

/** The row that a change as text makes of another. */
export function applyChange(before: RowText, change: ChangeText): RowText {
  const [type, ...cells] = change.split("; ");
  if (type === "DELETE") return null;
  return applyCells(type === "PUT" ? "PUT" : "UPDATE", columnsOf(before), cells);
}
