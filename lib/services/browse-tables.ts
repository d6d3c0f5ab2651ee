import type { Page } from "@/lib/contracts/paging";
import type { TableView } from "@/lib/contracts/source-body";
import { InvalidInputError } from "@/lib/core/invalid-input";
import type { SampleRow, TableColumn, TableDescription } from "@/lib/core/record";
import { listTableReaders } from "@/lib/db/table-readers";
import { type Editors, withEditor, withSource } from "./connections";
import { findSource } from "./find-stored";
import type { ServiceDependencies } from "./service-dependencies";

type Needs = Pick<ServiceDependencies, "database" | "connections">;

/** Rows looked at to learn of columns that the table does not define. */
export const sampledRowsMax = 100;

/** By name. The source gives all names at once, so the cursor is the last name of the former page. */
export async function listTables(
  needs: Needs,
  sourceId: string,
  query: { cursor?: string | undefined; limit: number; search?: string | undefined },
): Promise<Page<{ name: string }>> {
  const stored = await findSource(needs.database, sourceId);
  const names = await withSource(needs.connections, stored, (source) => source.listTables());
  const search = query.search?.toLowerCase() ?? "";
  const matching = names.filter((name) => name.toLowerCase().includes(search)).sort(byCodeUnits);
  const after = query.cursor === undefined ? null : nameOfCursor(query.cursor);
  const rest = after === null ? matching : matching.filter((name) => byCodeUnits(name, after) > 0);
  const page = rest.slice(0, query.limit);
  const last = page.at(-1);
  return {
    items: page.map((name) => ({ name })),
    nextCursor: rest.length > page.length && last !== undefined ? cursorOfName(last) : null,
    total: matching.length,
  };
}

const byCodeUnits = (left: string, right: string): number =>
  left < right ? -1 : left > right ? 1 : 0;
const cursorOfName = (name: string): string => Buffer.from(name).toString("base64url");

function nameOfCursor(cursor: string): string {
  const name = Buffer.from(cursor, "base64url").toString("utf8");
  if (cursorOfName(name) !== cursor) {
    throw new InvalidInputError([{ field: "cursor", message: "This was not given by this list." }]);
  }
  return name;
}

export type ObservedTable = {
  readonly description: TableDescription;
  readonly rows: readonly SampleRow[];
};

/** Throws `source.*`, `source.table_missing` among them. */
export async function observeTable(
  needs: Needs,
  sourceId: string,
  table: string,
): Promise<ObservedTable> {
  const stored = await findSource(needs.database, sourceId);
  return withSource(needs.connections, stored, async (source) => {
    const description = await source.describeTable(table);
    return { description, rows: await source.sampleRows(table, sampledRowsMax) };
  });
}

export async function getTable(
  needs: Needs & { readonly editors: Editors },
  sourceId: string,
  table: string,
): Promise<TableView> {
  const stored = await findSource(needs.database, sourceId);
  const { endpoint, instance } = stored;
  const [{ description, rows }, details, readers] = await Promise.all([
    observeTable(needs, sourceId, table),
    withEditor(needs.editors, stored, (editor) => editor.describeTable(table)),
    listTableReaders(needs.database, { endpoint, instance, table }),
  ]);
  const { timeToLiveSeconds, versionsMax, createdAtMs } = details;
  return {
    name: description.name,
    primaryKey: [...description.primaryKey],
    definedColumns: [...description.definedColumns],
    seenColumns: seenColumnsOf(description, rows),
    sampledRows: rows.length,
    streamExpirationHours: description.streamExpirationHours,
    autoIncrementColumn: details.primaryKey.find((column) => column.autoIncrement)?.name ?? null,
    timeToLiveSeconds,
    versionsMax,
    createdAt: createdAtMs === null ? null : new Date(createdAtMs).toISOString(),
    tasks: readers.map(({ task }) => task),
  };
}

/** Columns that rows hold and the description does not name, by first sight; the first type seen counts. */
function seenColumnsOf(description: TableDescription, rows: readonly SampleRow[]): TableColumn[] {
  const known = new Set(
    [...description.primaryKey, ...description.definedColumns].map(({ name }) => name),
  );
  const seen = new Map<string, TableColumn>();
  for (const { name, type } of rows.flatMap(({ cells }) => cells)) {
    if (!known.has(name) && !seen.has(name)) seen.set(name, { name, type });
  }
  return [...seen.values()];
}
