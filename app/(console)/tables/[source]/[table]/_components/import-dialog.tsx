"use client";

import { useState } from "react";
import { Button } from "@/app/_ui/button";
import { Dialog } from "@/app/_ui/dialog";
import { Field, Input, Select } from "@/app/_ui/field";
import { formatBytes } from "@/app/_ui/format-quantity";
import { Notice } from "@/app/_ui/notice";
import type { TableView } from "@/lib/contracts/source-body";
import { type ImportFormat, readCsvHeader } from "@/lib/core/import/row-reader";
import type { ColumnType } from "@/lib/core/record";
import { columnTypes } from "./cell-draft";
import { ImportOutcome } from "./import-outcome";
import { useImport } from "./use-import";

/** Enough for a header of a thousand long names. */
const beginningBytes = 256 * 1024;

type Chosen = { readonly file: File; readonly header: readonly string[] };

export function ImportDialog(props: {
  /** Of the table's rows. */
  path: string;
  table: TableView;
  onClose: () => void;
  onWritten: () => void;
}) {
  const { table } = props;
  const [format, setFormat] = useState<ImportFormat>("csv");
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [types, setTypes] = useState<ReadonlyMap<string, ColumnType>>(new Map());
  const { state, start, stop, reset } = useImport(props.path);
  const isRunning = state.phase === "running";
  const declared = new Map(
    [...table.primaryKey, ...table.definedColumns].map(({ name, type }) => [name, type]),
  );
  const undeclared = (chosen?.header ?? []).filter((name) => !declared.has(name));
  const typeOf = (name: string) =>
    types.get(name) ?? table.seenColumns.find((column) => column.name === name)?.type ?? "string";
  const headerProblem = format === "csv" && chosen ? problemOfHeader(table, chosen.header) : null;

  const choose = async (file: File | null) => {
    reset();
    setChosen(null);
    if (!file) return;
    const isJson = /\.(nd)?jsonl?$/i.test(file.name);
    if (isJson || /\.csv$/i.test(file.name)) setFormat(isJson ? "ndjson" : "csv");
    setChosen({ file, header: readCsvHeader(await file.slice(0, beginningBytes).text()) });
  };
  const run = async () => {
    if (!chosen) return;
    const all = new Map(declared);
    if (format === "csv") for (const name of undeclared) all.set(name, typeOf(name));
    await start(chosen.file, format, all);
    props.onWritten();
  };
  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => !open && props.onClose()}
      title={`Import into ${table.name}`}
      description="Rows are written over those of the same keys. Lines that cannot become rows are named, all others are written."
      footer={
        isRunning ? (
          <Button onClick={stop}>Stop</Button>
        ) : (
          <>
            <Button onClick={props.onClose}>Close</Button>
            <Button
              look="primary"
              disabled={!chosen || headerProblem !== null || state.phase !== "ready"}
              onClick={() => void run()}
            >
              Import
            </Button>
          </>
        )
      }
    >
      <div className="flex flex-col gap-5">
        <FileFields
          file={chosen?.file ?? null}
          format={format}
          disabled={isRunning}
          onFile={(file) => void choose(file)}
          onFormat={(next) => {
            reset();
            setFormat(next);
          }}
        />
        {headerProblem && (
          <Notice tone="bad" title="The first line does not fit the table">
            <p>{headerProblem}</p>
          </Notice>
        )}
        {format === "ndjson" && (
          <p className="text-[13px] text-ink-muted">
            One JSON object per line, its values flat. Declared columns take their declared type,
            all others the type that the value has in JSON. Binary values are base64.
          </p>
        )}
        {format === "csv" && !headerProblem && undeclared.length > 0 && (
          <ColumnTypes
            names={undeclared}
            typeOf={typeOf}
            disabled={isRunning}
            onChange={(name, type) => setTypes(new Map(types).set(name, type))}
          />
        )}
        {state.phase !== "ready" && chosen && (
          <ImportOutcome state={state} bytes={chosen.file.size} />
        )}
      </div>
    </Dialog>
  );
}

function FileFields(props: {
  file: File | null;
  format: ImportFormat;
  disabled: boolean;
  onFile: (file: File | null) => void;
  onFormat: (format: ImportFormat) => void;
}) {
  const { file, disabled } = props;
  return (
    <div className="grid gap-4 sm:grid-cols-[1fr_10rem]">
      <Field
        label="File"
        hint={file ? formatBytes(file.size) : "It is read piece by piece, whatever its size."}
      >
        <Input
          type="file"
          accept=".csv,.ndjson,.jsonl,.json,text/csv,application/x-ndjson"
          disabled={disabled}
          className="h-auto py-1.5 file:mr-3 file:rounded-md file:border-0 file:bg-sunken file:px-2.5 file:py-1 file:text-ink"
          onChange={(event) => props.onFile(event.target.files?.[0] ?? null)}
        />
      </Field>
      <Field label="Format">
        <Select
          value={props.format}
          disabled={disabled}
          onChange={(event) => props.onFormat(event.target.value as ImportFormat)}
        >
          <option value="csv">CSV</option>
          <option value="ndjson">NDJSON</option>
        </Select>
      </Field>
    </div>
  );
}

function ColumnTypes(props: {
  names: readonly string[];
  typeOf: (name: string) => ColumnType;
  disabled: boolean;
  onChange: (name: string, type: ColumnType) => void;
}) {
  return (
    <fieldset className="flex min-w-0 flex-col gap-3" disabled={props.disabled}>
      <legend className="mb-2 text-[13px] font-medium">
        Columns that the table does not declare
      </legend>
      <div className="grid gap-3 sm:grid-cols-3">
        {props.names.map((name) => (
          <Field key={name} label={<span className="font-mono break-all">{name}</span>}>
            <Select
              value={props.typeOf(name)}
              onChange={(event) => props.onChange(name, event.target.value as ColumnType)}
            >
              {columnTypes.map((type) => (
                <option key={type}>{type}</option>
              ))}
            </Select>
          </Field>
        ))}
      </div>
    </fieldset>
  );
}

/** A header that could not give one good row; null when it can. */
function problemOfHeader(table: TableView, header: readonly string[]): string | null {
  if (header.length === 0) return "The first line has to name the columns.";
  if (header.includes("")) return "A column has no name.";
  const twice = header.find((name, index) => header.indexOf(name) !== index);
  if (twice !== undefined) return `The column ${twice} is named twice.`;
  const missing = table.primaryKey
    .map(({ name }) => name)
    .filter((name) => name !== table.autoIncrementColumn && !header.includes(name));
  return missing.length > 0 ? `Columns of the key are missing: ${missing.join(", ")}.` : null;
}
