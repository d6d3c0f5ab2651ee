"use client";

import { useState } from "react";
import { Button } from "@/app/_ui/button";
import { Dialog } from "@/app/_ui/dialog";
import { Field, Select } from "@/app/_ui/field";
import { formatNumber } from "@/app/_ui/format-quantity";
import { Notice } from "@/app/_ui/notice";
import { useList } from "@/app/(console)/_components/use-list";
import { datasetApi } from "@/app/(console)/datasets/_components/dataset-paths";
import type { DatasetView } from "@/lib/contracts/dataset-body";
import type { PartitionView } from "@/lib/contracts/dataset-lists";
import { type RowFormatName, rowFormatSchema } from "@/lib/contracts/upload-session-body";
import { DownloadOutcome } from "./download-outcome";
import { useDownload } from "./use-download";

const partitionsOfferedMax = 500;
const formats: Readonly<Record<RowFormatName, string>> = {
  csv: "CSV, names in the first line",
  ndjson: "NDJSON, one object a line",
  parquet: "Parquet",
};

/** A snapshot of the dataset as a file. */
export function DownloadDialog({
  dataset,
  onClose,
}: {
  dataset: DatasetView;
  onClose: () => void;
}) {
  const [format, setFormat] = useState<RowFormatName>("csv");
  const [partition, setPartition] = useState<string | null>(null);
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set(dataset.partitionColumns));
  const { state, start, stop, reset } = useDownload();
  const isReading = state.phase === "reading";
  const names = [...dataset.columns.map(({ name }) => name), ...dataset.partitionColumns];
  const columns = names.filter((name) => !left.has(name));
  const isAll = hasAllOf(dataset, columns);
  const problem = problemOfColumns(columns, format, isAll);
  const change = (work: () => void) => {
    reset();
    work();
  };
  const begin = () =>
    start({
      dataset: dataset.name,
      partition,
      columns: isAll ? null : columns,
      format,
    });
  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => !open && onClose()}
      title={`Download ${dataset.name}`}
      description="A snapshot of what is visible now; later writes do not disturb it."
      footer={
        isReading ? (
          <Button onClick={stop}>Cancel the download</Button>
        ) : (
          <>
            <Button onClick={onClose}>Close</Button>
            <Button look="primary" disabled={problem !== null} onClick={() => void begin()}>
              Download
            </Button>
          </>
        )
      }
    >
      <div className="flex flex-col gap-5">
        <fieldset disabled={isReading} className="flex min-w-0 flex-col gap-5">
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label="Format">
              <Select
                value={format}
                onChange={(event) =>
                  change(() => setFormat(rowFormatSchema.parse(event.target.value)))
                }
              >
                {Object.entries(formats).map(([value, label]) => (
                  <option key={value} value={value}>
                    {label}
                  </option>
                ))}
              </Select>
            </Field>
            <PartitionSelect
              dataset={dataset}
              value={partition}
              onChange={(next) => change(() => setPartition(next))}
            />
          </div>
          <ColumnChoice
            dataset={dataset}
            left={left}
            onChange={(next) => change(() => setLeft(next))}
          />
        </fieldset>
        {problem && <Notice tone="warn" title={problem} />}
        <DownloadOutcome state={state} />
      </div>
    </Dialog>
  );
}

/** What the API gives without being told. */
function hasAllOf(dataset: DatasetView, columns: readonly string[]): boolean {
  return columns.join("\n") === dataset.columns.map(({ name }) => name).join("\n");
}

function problemOfColumns(
  columns: readonly string[],
  format: RowFormatName,
  isAll: boolean,
): string | null {
  if (columns.length === 0) return "Choose at least one column";
  if (!isAll && columns.some((name) => name.includes(","))) {
    return "A column with a comma in its name comes only with all others, without the folders' columns";
  }
  return format === "csv" && columns.length === 1
    ? "A CSV of one column cannot tell null from an empty line: choose two, or NDJSON"
    : null;
}

function PartitionSelect(props: {
  dataset: DatasetView;
  value: string | null;
  onChange: (partition: string | null) => void;
}) {
  const list = useList<PartitionView>(datasetApi.partitions(props.dataset.name), {
    limit: partitionsOfferedMax,
  });
  const items = list.items ?? [];
  const left = list.total - items.length;
  return (
    <Field
      label="Partition"
      hint={
        left > 0 ? `${formatNumber(left, "more partition")} can be named over the API.` : undefined
      }
    >
      <Select
        value={props.value ?? ""}
        onChange={(event) => props.onChange(event.target.value === "" ? null : event.target.value)}
      >
        <option value="">All rows: {formatNumber(props.dataset.rows, "row")}</option>
        {items
          .filter(({ spec }) => spec !== "")
          .map(({ spec, rows }) => (
            <option key={spec} value={spec}>
              {spec}: {formatNumber(rows, "row")}
            </option>
          ))}
      </Select>
    </Field>
  );
}

function ColumnChoice(props: {
  dataset: DatasetView;
  /** Those that are not wanted. */
  left: ReadonlySet<string>;
  onChange: (left: ReadonlySet<string>) => void;
}) {
  const { dataset, left, onChange } = props;
  const all = [
    ...dataset.columns.map(({ name, type }) => ({ name, kind: type as string })),
    ...dataset.partitionColumns.map((name) => ({ name, kind: "of the folder" })),
  ];
  const toggle = (name: string) => {
    const next = new Set(left);
    if (!next.delete(name)) next.add(name);
    onChange(next);
  };
  return (
    <fieldset className="min-w-0">
      <legend className="mb-1.5 flex items-center gap-3 text-[13px] font-medium">
        Columns
        <Button size="small" look="ghost" onClick={() => onChange(new Set())}>
          All
        </Button>
        <Button
          size="small"
          look="ghost"
          onClick={() => onChange(new Set(all.map(({ name }) => name)))}
        >
          None
        </Button>
      </legend>
      <div className="grid max-h-60 gap-x-4 gap-y-1.5 overflow-y-auto rounded-lg border border-line p-3 sm:grid-cols-2 lg:grid-cols-3">
        {all.map(({ name, kind }) => (
          <label key={name} className="flex min-w-0 items-baseline gap-2 text-[13px]">
            <input
              type="checkbox"
              checked={!left.has(name)}
              onChange={() => toggle(name)}
              className="size-4 shrink-0 translate-y-0.5 accent-(--accent)"
            />
            <span className="min-w-0 font-mono text-xs break-all">{name}</span>
            <span className="shrink-0 text-xs text-ink-muted">{kind}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
