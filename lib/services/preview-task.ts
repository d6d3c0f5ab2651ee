import { parseFields } from "@/lib/contracts/field-problems";
import { type PreviewView, previewBodyShape } from "@/lib/contracts/task-preview";
import { invariant } from "@/lib/core/error";
import { rowObjectKey, rowObjectStem } from "@/lib/core/object-key";
import { createPartitioner } from "@/lib/core/partition";
import { adviseOnPrefix } from "@/lib/core/prefix-advice";
import type { Problem } from "@/lib/core/problem";
import { dirtyValueCharactersMax, type SampleCell, type SampleRow } from "@/lib/core/record";
import { columnTypeOf, type MappedColumn } from "@/lib/core/schema-mapping";
import { createEventTimeParser, createZoneClock } from "@/lib/platform/time-zone";
import { eventTimeCellOf } from "./check-event-time";
import { inspectTask, type TaskDraft, type TaskInspection, throwProblems } from "./inspect-task";
import type { ServiceDependencies } from "./service-dependencies";
import { schemaVersionView } from "./task-view";

type Needs = Pick<ServiceDependencies, "database" | "connections" | "now">;
type DirtyCell = PreviewView["dirtyValues"][number];

/** Rows shown; more are sampled to find columns and dirty values. */
const rowsShownMax = 20;
const dirtyValuesShownMax = 100;

/**
 * Puts sample rows through a mapping, creating nothing. The body may lack name, prefix and destination;
 * what it has must be right. Throws `InvalidInputError` with every problem at once.
 */
export async function previewTask(needs: Needs, input: unknown): Promise<PreviewView> {
  const { fields, problems } = parseFields(previewBodyShape, input);
  const draft: TaskDraft = fields;
  const inspection = await inspectTask(needs, draft);
  throwProblems([...problems, ...inspection.problems], [inspection.failure]);
  const { schema, observed } = inspection;
  invariant(schema && observed, "A preview without problems has a table and a mapping");
  const mapped = observed.rows.map((row, index) => mapRow(row, index, schema.columns));
  return {
    exampleObjectKey: exampleObjectKey(draft, inspection, needs.now()),
    schema: schemaVersionView(schema),
    rows: mapped.slice(0, rowsShownMax).map(({ values }) => values),
    sampledRows: observed.rows.length,
    dirtyValues: mapped.flatMap(({ dirty }) => dirty).slice(0, dirtyValuesShownMax),
    warnings: [...inspection.warnings, ...advice(draft, inspection)].map(({ field, message }) => ({
      field,
      message,
    })),
  };
}

/** Values in the mapping's order, null where the row has none that fits. */
function mapRow(row: SampleRow, index: number, columns: readonly MappedColumn[]) {
  const cells = new Map(row.cells.map((cell) => [cell.name, cell]));
  const dirty: DirtyCell[] = [];
  const values = columns.map((column) => {
    const cell = cells.get(column.source);
    if (!cell) return null;
    if (cell.type === columnTypeOf[column.type]) return cell.value;
    dirty.push(dirtyCell(index, column, cell));
    return null;
  });
  return { values, dirty };
}

function dirtyCell(row: number, column: MappedColumn, cell: SampleCell): DirtyCell {
  return {
    row,
    column: column.source,
    reason: "type_mismatch",
    expected: column.type,
    actual: cell.type,
    value: String(cell.value).slice(0, dirtyValueCharactersMax),
  };
}

/** Where a row written now would go; with an event time, where the first sampled row would. */
function exampleObjectKey(
  draft: TaskDraft,
  { template, observed }: TaskInspection,
  nowMs: number,
): string | null {
  const { name, prefix, timeZone = "UTC", eventTime = null, objectSuffix = "" } = draft;
  if (name === undefined || prefix === undefined || template === null) return null;
  const parse = eventTime && createEventTimeParser(eventTime.format);
  const partitioner = createPartitioner({ prefix, eventTime }, createZoneClock(timeZone), parse);
  const cell = observed?.rows
    .flatMap((row) => row.cells)
    .find((candidate) => candidate.name === eventTime?.column);
  const partition = partitioner.folderOf(nowMs, cell ? eventTimeCellOf(cell) : undefined, {
    dirtyEventTime: () => undefined,
  });
  return rowObjectKey(rowObjectStem(name, 0, partition), 1, objectSuffix);
}

function advice({ flush }: TaskDraft, { template }: TaskInspection): Problem[] {
  if (!template || !flush) return [];
  return adviseOnPrefix(template, {
    bytesPerSecond: null,
    flushSeconds: flush.seconds,
    lanes: 1,
  });
}
