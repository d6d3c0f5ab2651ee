"use client";

import { useMutation } from "@tanstack/react-query";
import { Plus, Trash2 } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { callApi, fieldErrors, problemOf } from "@/app/_api-client/request";
import { Button } from "@/app/_ui/button";
import { Dialog } from "@/app/_ui/dialog";
import { Field, Input, Select } from "@/app/_ui/field";
import { ProblemNotice } from "@/app/(console)/_components/problem-notice";
import { apiPaths } from "./paths";

type Column = { id: number; name: string; type: string; autoIncrement: boolean };

const keyTypes = ["string", "integer", "binary"];
const definedTypes = ["string", "integer", "double", "boolean", "binary"];
const keyColumnsMax = 4;
const dayInSeconds = 86_400;
let lastId = 0;
const newColumn = (): Column => ({ id: ++lastId, name: "", type: "string", autoIncrement: false });

export function CreateTableDialog(props: {
  source: string;
  onClose: () => void;
  onCreated: (name: string) => void;
}) {
  const formId = useId();
  const [name, setName] = useState("");
  const [key, setKey] = useState<readonly Column[]>(() => [newColumn()]);
  const [defined, setDefined] = useState<readonly Column[]>([]);
  const [days, setDays] = useState("");
  const [hours, setHours] = useState("");
  const create = useMutation({
    mutationFn: () =>
      callApi(apiPaths.tables(props.source), {
        method: "POST",
        body: {
          name,
          primaryKey: key.map(({ id: _, ...column }) => column),
          definedColumns: defined.map(({ name: column, type }) => ({ name: column, type })),
          timeToLiveSeconds: days.trim() === "" ? -1 : Number(days) * dayInSeconds,
          streamExpirationHours: hours.trim() === "" ? null : Number(hours),
        },
      }),
    onSuccess: () => {
      props.onClose();
      props.onCreated(name);
    },
  });
  const problem = create.error ? problemOf(create.error) : null;
  const shown = (problem?.errors ?? [])
    .map(({ field }) => field)
    .filter((field) => field !== "primaryKey" && field !== "definedColumns" && field !== "body");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => !open && props.onClose()}
      title="Create a table"
      description="The primary key is fixed from then on."
      footer={
        <>
          <Button onClick={props.onClose}>Cancel</Button>
          <Button type="submit" form={formId} look="primary" disabled={create.isPending}>
            {create.isPending ? "Creating…" : "Create the table"}
          </Button>
        </>
      }
    >
      <form id={formId} onSubmit={submit} noValidate className="flex flex-col gap-5">
        {problem && <ProblemNotice problem={problem} shownFields={shown} />}
        <Field label="Name" errors={fieldErrors(problem, "name")}>
          <Input mono value={name} onChange={(event) => setName(event.target.value)} />
        </Field>
        <Columns
          legend="Primary key"
          noun="key column"
          hint="Rows are ordered by these columns, first to last. The source can number one integer column that is not the first."
          types={keyTypes}
          columns={key}
          columnsMin={1}
          columnsMax={keyColumnsMax}
          mayNumber
          onChange={setKey}
          errorsOf={(index, field) => fieldErrors(problem, `primaryKey[${index}].${field}`)}
        />
        <Columns
          legend="Defined columns"
          noun="defined column"
          hint="Declared for readers. Rows may hold others, and none is required."
          types={definedTypes}
          columns={defined}
          columnsMin={0}
          columnsMax={32}
          onChange={setDefined}
          errorsOf={(index, field) => fieldErrors(problem, `definedColumns[${index}].${field}`)}
        />
        <div className="grid gap-4 sm:grid-cols-2">
          <Field
            label="Time to live, days"
            optional
            hint="Empty: cells are kept forever."
            errors={fieldErrors(problem, "timeToLiveSeconds")}
          >
            <Input inputMode="numeric" value={days} onChange={(e) => setDays(e.target.value)} />
          </Field>
          <Field
            label="Stream keeps changes for, hours"
            optional
            hint="1 to 168. Empty: off, until a tunnel needs it."
            errors={fieldErrors(problem, "streamExpirationHours")}
          >
            <Input inputMode="numeric" value={hours} onChange={(e) => setHours(e.target.value)} />
          </Field>
        </div>
      </form>
    </Dialog>
  );
}

function Columns(props: {
  legend: string;
  noun: string;
  hint: string;
  types: readonly string[];
  columns: readonly Column[];
  columnsMin: number;
  columnsMax: number;
  mayNumber?: boolean;
  onChange: (columns: readonly Column[]) => void;
  errorsOf: (index: number, field: string) => string[];
}) {
  const { columns, onChange } = props;
  const change = (id: number, changes: Partial<Column>) =>
    onChange(columns.map((column) => (column.id === id ? { ...column, ...changes } : column)));
  return (
    <fieldset className="flex min-w-0 flex-col gap-3">
      <legend className="text-[13px] font-medium">{props.legend}</legend>
      <p className="text-[13px] text-ink-muted">{props.hint}</p>
      {columns.map((column, index) => (
        <div key={column.id} className="flex flex-wrap items-start gap-2">
          <Field
            label={`Name of ${props.noun} ${index + 1}`}
            errors={props.errorsOf(index, "name")}
            className="min-w-40 flex-1"
          >
            <Input
              mono
              value={column.name}
              onChange={(event) => change(column.id, { name: event.target.value })}
            />
          </Field>
          <Field label="Type" errors={props.errorsOf(index, "type")} className="w-28">
            <Select
              value={column.type}
              onChange={(event) =>
                change(column.id, { type: event.target.value, autoIncrement: false })
              }
            >
              {props.types.map((type) => (
                <option key={type}>{type}</option>
              ))}
            </Select>
          </Field>
          {props.mayNumber && index > 0 && column.type === "integer" && (
            <Field
              label="Numbered by"
              errors={props.errorsOf(index, "autoIncrement")}
              className="w-28"
            >
              <Select
                value={column.autoIncrement ? "source" : "writer"}
                onChange={(event) =>
                  change(column.id, { autoIncrement: event.target.value === "source" })
                }
              >
                <option value="writer">the writer</option>
                <option value="source">the source</option>
              </Select>
            </Field>
          )}
          {columns.length > props.columnsMin && (
            <Button
              look="ghost"
              size="icon"
              className="mt-6.5"
              aria-label={`Remove ${props.noun} ${index + 1}`}
              onClick={() => onChange(columns.filter(({ id }) => id !== column.id))}
            >
              <Trash2 />
            </Button>
          )}
        </div>
      ))}
      {columns.length < props.columnsMax && (
        <Button
          size="small"
          className="self-start"
          onClick={() => onChange([...columns, newColumn()])}
        >
          <Plus aria-hidden /> Add a {props.noun}
        </Button>
      )}
    </fieldset>
  );
}
