"use client";

import { Plus, Trash2 } from "lucide-react";
import { Button } from "@/app/_ui/button";
import { Field, Input, Select } from "@/app/_ui/field";
import type { TableView } from "@/lib/contracts/source-body";
import type { ColumnType } from "@/lib/core/record";
import { type CellDraft, columnTypes, newDraft } from "./cell-draft";
import { CellInput } from "./cell-input";

const suggestionsMax = 16;

/** A row's columns beside its key: any name, any type, whatever other rows hold. */
export function AttributeFields(props: {
  table: TableView;
  attributes: readonly CellDraft[];
  mayWrite: boolean;
  errorsOf: (draft: CellDraft) => string[];
  onChange: (attributes: readonly CellDraft[]) => void;
}) {
  const { table, attributes, onChange } = props;
  const change = (id: number, changes: Partial<CellDraft>) =>
    onChange(attributes.map((one) => (one.id === id ? { ...one, ...changes } : one)));
  const known = [...table.definedColumns, ...table.seenColumns].filter(
    ({ name }) => !attributes.some((draft) => draft.name === name),
  );
  return (
    <fieldset className="flex min-w-0 flex-col gap-4" disabled={!props.mayWrite}>
      <legend className="mb-2 text-sm font-semibold">Attributes</legend>
      {attributes.length === 0 && <p className="text-[13px] text-ink-muted">None.</p>}
      {attributes.map((draft, index) => (
        <div key={draft.id} className="flex flex-wrap items-start gap-2 sm:flex-nowrap">
          <Field label={`Column ${index + 1}`} className="min-w-36 flex-1 sm:max-w-52">
            <Input
              mono
              value={draft.name}
              onChange={(event) => change(draft.id, { name: event.target.value })}
            />
          </Field>
          <Field label="Type" className="w-28 shrink-0">
            <Select
              value={draft.type}
              onChange={(event) => {
                const type = event.target.value as ColumnType;
                const text = type === "boolean" ? "true" : draft.text;
                change(draft.id, { type, text });
              }}
            >
              {columnTypes.map((type) => (
                <option key={type}>{type}</option>
              ))}
            </Select>
          </Field>
          <div className="flex w-full min-w-0 flex-1 basis-full items-start gap-2 sm:basis-0">
            <CellInput
              draft={draft}
              label={`Value ${index + 1}`}
              errors={props.errorsOf(draft)}
              onChange={(text) => change(draft.id, { text })}
            />
            {props.mayWrite && (
              <Button
                look="ghost"
                size="icon"
                className="mt-6.5"
                aria-label={`Remove column ${draft.name || index + 1}`}
                onClick={() => onChange(attributes.filter(({ id }) => id !== draft.id))}
              >
                <Trash2 />
              </Button>
            )}
          </div>
        </div>
      ))}
      {props.mayWrite && (
        <div className="flex flex-wrap gap-2">
          {known.slice(0, suggestionsMax).map(({ name, type }) => (
            <Button
              key={name}
              size="small"
              onClick={() => onChange([...attributes, newDraft(name, type)])}
            >
              <Plus aria-hidden /> <span className="max-w-40 truncate font-mono">{name}</span>
            </Button>
          ))}
          <Button size="small" onClick={() => onChange([...attributes, newDraft("", "string")])}>
            <Plus aria-hidden /> Another column
          </Button>
        </div>
      )}
    </fieldset>
  );
}
