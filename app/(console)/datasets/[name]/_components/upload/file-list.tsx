"use client";

import { Trash2 } from "lucide-react";
import { Button } from "@/app/_ui/button";
import { Select } from "@/app/_ui/field";
import { formatBytes } from "@/app/_ui/format-quantity";
import { type RowFormatName, rowFormatSchema } from "@/lib/contracts/upload-session-body";

/** A file that was chosen; its format is null while its name does not tell it. */
export type DraftFile = {
  readonly id: number;
  readonly file: File;
  readonly format: RowFormatName | null;
};

const formatLabels: Readonly<Record<RowFormatName, string>> = {
  csv: "CSV",
  ndjson: "NDJSON",
  parquet: "Parquet",
};
const endings: readonly (readonly [RegExp, RowFormatName])[] = [
  [/\.csv$/i, "csv"],
  [/\.(ndjson|jsonl|json)$/i, "ndjson"],
  [/\.(parquet|parq|pq)$/i, "parquet"],
];
export const acceptedFiles =
  ".csv,.ndjson,.jsonl,.json,.parquet,.parq,.pq,text/csv,application/x-ndjson";

let lastId = 0;

export function draftFileOf(file: File): DraftFile {
  lastId += 1;
  const format = endings.find(([ending]) => ending.test(file.name))?.[1] ?? null;
  return { id: lastId, file, format };
}

export function FileList(props: {
  files: readonly DraftFile[];
  onChange: (files: readonly DraftFile[]) => void;
}) {
  const { files, onChange } = props;
  return (
    <ul className="divide-y divide-line rounded-xl border border-line">
      {files.map(({ id, file, format }) => (
        <li
          key={id}
          className="flex flex-wrap items-center gap-x-3 gap-y-2 px-3 py-2 sm:flex-nowrap"
        >
          <span className="min-w-0 flex-1 basis-48 text-[13px] break-all">
            {file.name}
            <span className="block text-xs text-ink-muted">
              {file.size === 0 ? "Empty: it holds no rows" : formatBytes(file.size)}
            </span>
          </span>
          <Select
            aria-label={`Format of ${file.name}`}
            aria-invalid={format === null || undefined}
            value={format ?? ""}
            className="w-40!"
            onChange={(event) => {
              const chosen = rowFormatSchema.parse(event.target.value);
              onChange(files.map((one) => (one.id === id ? { ...one, format: chosen } : one)));
            }}
          >
            {format === null && <option value="">Choose a format</option>}
            {Object.entries(formatLabels).map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </Select>
          <Button
            look="ghost"
            size="icon"
            aria-label={`Leave out ${file.name}`}
            onClick={() => onChange(files.filter((one) => one.id !== id))}
          >
            <Trash2 />
          </Button>
        </li>
      ))}
    </ul>
  );
}
