import { parseInput } from "@/lib/contracts/field-problems";
import type { TableView } from "@/lib/contracts/source-body";
import { tableBodySchema, tablePatchSchema } from "@/lib/contracts/table-body";
import { AppError } from "@/lib/core/error";
import { listTableReaders } from "@/lib/db/table-readers";
import { getTable } from "./browse-tables";
import { type Editors, withEditor } from "./connections";
import { definedFields } from "./defined-fields";
import { findSource } from "./find-stored";
import type { ServiceDependencies } from "./service-dependencies";

type Needs = Pick<ServiceDependencies, "database" | "connections"> & { readonly editors: Editors };

/** Throws `resource.conflict` for a taken name. */
export async function createTable(
  needs: Needs,
  sourceId: string,
  input: unknown,
): Promise<TableView> {
  const draft = parseInput(tableBodySchema, input);
  const stored = await findSource(needs.database, sourceId);
  await withEditor(needs.editors, stored, (editor) => editor.createTable(draft));
  return getTable(needs, sourceId, draft.name);
}

/** Throws `resource.conflict` when a stream is to be switched off that a task reads. */
export async function updateTable(
  needs: Needs,
  sourceId: string,
  table: string,
  input: unknown,
): Promise<TableView> {
  const changes = definedFields(parseInput(tablePatchSchema, input));
  const stored = await findSource(needs.database, sourceId);
  if (changes.streamExpirationHours === null) {
    const readers = await listTableReaders(needs.database, { ...stored, table });
    refuseIfRead(table, readers, "Its stream is what they read.");
  }
  await withEditor(needs.editors, stored, (editor) => editor.updateTable(table, changes));
  return getTable(needs, sourceId, table);
}

/** Throws `resource.conflict` while a task reads the table: its tunnel would go with it. */
export async function deleteTable(needs: Needs, sourceId: string, table: string): Promise<void> {
  const stored = await findSource(needs.database, sourceId);
  const readers = await listTableReaders(needs.database, { ...stored, table });
  refuseIfRead(table, readers, "Their tunnels would go with it. Delete the tasks first.");
  await withEditor(needs.editors, stored, (editor) => editor.deleteTable(table));
}

const namedTasksMax = 5;

function refuseIfRead(
  table: string,
  readers: readonly { readonly task: string }[],
  consequence: string,
): void {
  if (readers.length === 0) return;
  const named = readers.slice(0, namedTasksMax).map(({ task }) => task);
  const more = readers.length > named.length ? ` and ${readers.length - named.length} more` : "";
  const reason = `The table ${table} is read by ${named.join(", ")}${more}. ${consequence}`;
  throw new AppError("resource.conflict", reason, { details: { reason } });
}
