"use client";

import { useQuery } from "@tanstack/react-query";
import { ArrowDown, ArrowUp, Plus, Trash2 } from "lucide-react";
import { useRef } from "react";
import { callApi, problemOf } from "@/app/_api-client/request";
import { Button } from "@/app/_ui/button";
import { ChoiceCards } from "@/app/_ui/choice-cards";
import { Input, Select } from "@/app/_ui/field";
import { Notice } from "@/app/_ui/notice";
import { SkeletonRows } from "@/app/_ui/states";
import type { TableView } from "@/lib/contracts/source-body";
import { encodingSchema, parquetTypeSchema } from "@/lib/contracts/task-settings";
import { encodingsOf, parquetTypeOf } from "@/lib/core/schema-mapping";
import { FormSection } from "./form-section";
import type { DraftColumn, SectionProps } from "./task-draft";

const kinds = [
  {
    value: "auto",
    label: "Auto generate",
    hint: "From the table; grows when a new column is seen.",
  },
  { value: "manual", label: "Manual", hint: "Choose columns, order, names and types." },
] as const;

export function SchemaSection(section: SectionProps) {
  return (
    <FormSection
      title="Schema"
      description="How source columns become Parquet columns. Format: Parquet."
    >
      <SchemaFields {...section} />
    </FormSection>
  );
}

export function SchemaFields(section: SectionProps) {
  const { draft, change, errorsOf } = section;
  return (
    <>
      <ChoiceCards
        legend="Schema generation"
        name="schema-kind"
        value={draft.schemaKind}
        choices={kinds}
        onChange={(schemaKind) => change({ schemaKind })}
      />
      {draft.schemaKind === "manual" && <ColumnTable {...section} />}
      {errorsOf("schema.columns")
        .concat(errorsOf("schema"))
        .map((message) => (
          <p key={message} role="alert" className="text-[13px] text-bad">
            {message}
          </p>
        ))}
    </>
  );
}

function ColumnTable({ draft, change, errorsOf, warningsOf }: SectionProps) {
  const nextId = useRef(Math.max(0, ...draft.columns.map(({ rowId }) => rowId)) + 1);
  const newRow = (source: string, type: DraftColumn["type"]): DraftColumn => ({
    rowId: nextId.current++,
    source,
    name: source,
    type,
    encoding: "PLAIN",
  });
  const table = useQuery({
    queryKey: ["table", draft.sourceId, draft.table],
    enabled: draft.sourceId !== "" && draft.table !== "",
    queryFn: ({ signal }) =>
      callApi<TableView>(
        `/sources/${encodeURIComponent(draft.sourceId)}/tables/${encodeURIComponent(draft.table)}`,
        { signal },
      ),
  });
  const fill = (view: TableView) =>
    change({
      columns: [...view.primaryKey, ...view.definedColumns, ...view.seenColumns].map(
        ({ name, type }) => newRow(name, parquetTypeOf[type]),
      ),
    });
  const edit = (rowId: number, part: Partial<DraftColumn>) =>
    change({
      columns: draft.columns.map((column) =>
        column.rowId === rowId ? { ...column, ...part } : column,
      ),
    });
  const move = (from: number, to: number) => {
    const columns = [...draft.columns];
    columns.splice(to, 0, ...columns.splice(from, 1));
    change({ columns });
  };
  return (
    <div className="flex flex-col gap-3">
      {table.error && (
        <Notice tone="bad" title={problemOf(table.error).title}>
          {problemOf(table.error).nextStep}
        </Notice>
      )}
      <div className="flex flex-wrap gap-2">
        <Button size="small" disabled={!table.data} onClick={() => table.data && fill(table.data)}>
          Take the table's columns
        </Button>
        <Button
          size="small"
          onClick={() => change({ columns: [...draft.columns, newRow("", "UTF8")] })}
        >
          <Plus aria-hidden /> Add a column
        </Button>
      </div>
      {table.isLoading && <SkeletonRows rows={3} />}
      <ol className="flex flex-col gap-2">
        {draft.columns.map((column, index) => (
          <ColumnRow
            key={column.rowId}
            column={column}
            index={index}
            count={draft.columns.length}
            errors={columnParts.flatMap((part) => errorsOf(`schema.columns[${index}].${part}`))}
            warnings={columnParts.flatMap((part) => warningsOf(`schema.columns[${index}].${part}`))}
            onEdit={(part) => edit(column.rowId, part)}
            onMove={(to) => move(index, to)}
            onRemove={() =>
              change({ columns: draft.columns.filter(({ rowId }) => rowId !== column.rowId) })
            }
          />
        ))}
      </ol>
    </div>
  );
}

const columnParts = ["source", "name", "type", "encoding"] as const;

type ColumnRowProps = {
  column: DraftColumn;
  index: number;
  count: number;
  errors: readonly string[];
  warnings: readonly string[];
  onEdit: (part: Partial<DraftColumn>) => void;
  onMove: (to: number) => void;
  onRemove: () => void;
};

function ColumnRow(props: ColumnRowProps) {
  const { column, index, count, errors, onEdit, onMove, onRemove } = props;
  const label = (what: string) => `${what} of column ${index + 1}`;
  const invalid = errors.length > 0 || undefined;
  return (
    <li className="rounded-lg border border-line p-2.5">
      <div className="grid gap-2 sm:grid-cols-[1fr_1fr] md:grid-cols-[1fr_1fr_6.5rem_9rem_auto]">
        <Input
          mono
          aria-label={label("Source column")}
          aria-invalid={invalid}
          placeholder="source column"
          value={column.source}
          onChange={(event) => onEdit({ source: event.target.value })}
        />
        <Input
          mono
          aria-label={label("Parquet name")}
          aria-invalid={invalid}
          placeholder="Parquet name"
          value={column.name}
          onChange={(event) => onEdit({ name: event.target.value })}
        />
        <Select
          aria-label={label("Type")}
          value={column.type}
          onChange={(event) => onEdit(typeChange(column, event.target.value))}
        >
          {parquetTypeSchema.options.map((type) => (
            <option key={type}>{type}</option>
          ))}
        </Select>
        <Select
          aria-label={label("Encoding")}
          value={column.encoding}
          onChange={(event) => onEdit({ encoding: encodingSchema.parse(event.target.value) })}
        >
          {encodingsOf[column.type].map((encoding) => (
            <option key={encoding}>{encoding}</option>
          ))}
        </Select>
        <div className="flex items-center justify-end gap-0.5 sm:col-span-2 md:col-span-1">
          <Button
            look="ghost"
            size="icon"
            aria-label={`Move column ${index + 1} up`}
            disabled={index === 0}
            onClick={() => onMove(index - 1)}
          >
            <ArrowUp />
          </Button>
          <Button
            look="ghost"
            size="icon"
            aria-label={`Move column ${index + 1} down`}
            disabled={index === count - 1}
            onClick={() => onMove(index + 1)}
          >
            <ArrowDown />
          </Button>
          <Button
            look="ghost"
            size="icon"
            aria-label={`Remove column ${index + 1}`}
            onClick={onRemove}
          >
            <Trash2 />
          </Button>
        </div>
      </div>
      {errors.map((error) => (
        <p key={error} className="mt-1.5 text-[13px] text-bad">
          {error}
        </p>
      ))}
      {props.warnings.map((warning) => (
        <p key={warning} className="mt-1.5 text-[13px] text-warn">
          {warning}
        </p>
      ))}
    </li>
  );
}

/** Each type has its own encodings; PLAIN encodes any. */
function typeChange({ encoding }: DraftColumn, text: string): Partial<DraftColumn> {
  const type = parquetTypeSchema.parse(text);
  return { type, ...(encodingsOf[type].includes(encoding) ? {} : { encoding: "PLAIN" }) };
}
