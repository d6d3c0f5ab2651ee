"use client";

import { Plus, Trash2 } from "lucide-react";
import { Button } from "@/app/_ui/button";
import { Field, Input, Select } from "@/app/_ui/field";
import { parquetTypeSchema } from "@/lib/contracts/task-settings";
import type { ParquetType } from "@/lib/core/schema-mapping";

export type DraftColumn = {
  readonly id: number;
  readonly name: string;
  readonly type: ParquetType;
};

let lastId = 0;
export const newColumn = (): DraftColumn => {
  lastId += 1;
  return { id: lastId, name: "", type: "UTF8" };
};

const typeWords: Readonly<Record<ParquetType, string>> = {
  UTF8: "UTF8, text",
  INT64: "INT64, whole number",
  DOUBLE: "DOUBLE, number",
  BOOLEAN: "BOOLEAN, true or false",
  BINARY: "BINARY, bytes",
};

/** Of a column as a whole, of its name and of its type: they stand side by side. */
export function columnErrors(errorsOf: (field: string) => string[], index: number): string[] {
  const field = `columns[${index}]`;
  return [field, `${field}.name`, `${field}.type`].flatMap(errorsOf);
}

/** Columns with their types, in their order in the objects. */
export function ColumnFields(props: {
  legend: string;
  hint: string;
  columns: readonly DraftColumn[];
  /** How many stand before them: for columns that are added to others. */
  after?: number;
  onChange: (columns: readonly DraftColumn[]) => void;
  errorsOf: (index: number) => readonly string[];
}) {
  const { columns, after = 0, onChange } = props;
  const change = (id: number, changes: Partial<DraftColumn>) =>
    onChange(columns.map((column) => (column.id === id ? { ...column, ...changes } : column)));
  return (
    <fieldset className="flex min-w-0 flex-col gap-3">
      <legend className="text-[13px] font-medium">{props.legend}</legend>
      <p className="text-[13px] text-ink-muted">{props.hint}</p>
      {columns.map((column, index) => (
        <div key={column.id} className="flex flex-wrap items-start gap-2">
          <Field
            label={`Name of column ${after + index + 1}`}
            errors={props.errorsOf(index)}
            className="min-w-40 flex-1"
          >
            <Input
              mono
              value={column.name}
              onChange={(event) => change(column.id, { name: event.target.value })}
            />
          </Field>
          <Field label="Type" className="w-44">
            <Select
              value={column.type}
              onChange={(event) =>
                change(column.id, { type: parquetTypeSchema.parse(event.target.value) })
              }
            >
              {parquetTypeSchema.options.map((type) => (
                <option key={type} value={type}>
                  {typeWords[type]}
                </option>
              ))}
            </Select>
          </Field>
          {columns.length > 1 && (
            <Button
              look="ghost"
              size="icon"
              className="mt-6.5"
              aria-label={`Remove column ${after + index + 1}`}
              onClick={() => onChange(columns.filter(({ id }) => id !== column.id))}
            >
              <Trash2 />
            </Button>
          )}
        </div>
      ))}
      <Button
        size="small"
        className="self-start"
        onClick={() => onChange([...columns, newColumn()])}
      >
        <Plus aria-hidden /> Add a column
      </Button>
    </fieldset>
  );
}
