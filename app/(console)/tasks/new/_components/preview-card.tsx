"use client";

import { useEffect, useState } from "react";
import { problemOf } from "@/app/_api-client/request";
import { Card, CardBody, CardHeader } from "@/app/_ui/card";
import { formatNumber } from "@/app/_ui/format-quantity";
import { Notice } from "@/app/_ui/notice";
import { Skeleton } from "@/app/_ui/states";
import type { PreviewView } from "@/lib/contracts/task-preview";
import { exampleKey } from "./check-draft";
import type { TaskDraft } from "./task-draft";
import type { usePreview } from "./use-preview";

const columnsShownMax = 8;
const everyMs = 10_000;

/** What the task would do: the key of an object written now, as it is typed; the schema and what would be dirty, once there is a table. */
export function PreviewCard({
  draft,
  preview,
}: {
  draft: TaskDraft;
  preview: ReturnType<typeof usePreview>;
}) {
  return (
    <Card className="xl:sticky xl:top-8">
      <CardHeader title="Preview" description="Nothing is created yet." />
      <CardBody className="flex flex-col gap-4 text-[13px]">
        <ObjectKey draft={draft} preview={preview.data} />
        {!preview.hasTable && (
          <p className="text-ink-muted">Choose a source table to see what would be delivered.</p>
        )}
        {preview.hasTable && preview.isPending && <Skeleton className="h-24 rounded-lg" />}
        {preview.hasTable && preview.error && <PreviewProblem thrown={preview.error} />}
        {preview.hasTable && preview.data && !preview.error && <Mapping view={preview.data} />}
      </CardBody>
    </Card>
  );
}

/** By write time the key is a matter of the clock; by event time only the API's sampled row knows. */
function ObjectKey({ draft, preview }: { draft: TaskDraft; preview: PreviewView | undefined }) {
  const [nowMs, setNowMs] = useState<number | null>(null);
  useEffect(() => {
    setNowMs(Date.now());
    const timer = setInterval(() => setNowMs(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, []);
  const byEventTime = draft.folderTime === "event" && draft.prefix.includes("$");
  const key = nowMs === null ? null : exampleKey(draft, nowMs);
  const empty = draft.prefix.trim() === "" ? "Needs a prefix." : "Needs a prefix that works.";
  return (
    <div>
      <p className="font-medium">Object key</p>
      <output className="mt-1 block rounded-lg bg-sunken px-2.5 py-2 font-mono text-xs break-all">
        {key ?? empty}
      </output>
      {key && (
        <p className="mt-1 text-xs text-ink-muted">
          {byEventTime
            ? "For a row whose event time is now."
            : "Where the first object of a row written now would go."}
        </p>
      )}
      {preview?.sampledRows === 0 && (
        <p className="mt-1 text-xs text-ink-muted">The table has no rows yet.</p>
      )}
    </div>
  );
}

function PreviewProblem({ thrown }: { thrown: Error }) {
  const problem = problemOf(thrown);
  const messages = problem.errors.map(({ message }) => message);
  return (
    <ul className="flex flex-col gap-1.5 text-ink-muted">
      {(messages.length > 0 ? [...new Set(messages)] : [problem.cause]).map((message) => (
        <li key={message}>{message}</li>
      ))}
    </ul>
  );
}

function Mapping({ view }: { view: PreviewView }) {
  const { columns } = view.schema;
  return (
    <>
      <div>
        <p className="font-medium">
          {formatNumber(columns.length, "column")}{" "}
          <span className="font-normal text-ink-muted">
            from {formatNumber(view.sampledRows, "sampled row")}
          </span>
        </p>
        <ul className="mt-1 flex flex-col gap-0.5">
          {columns.slice(0, columnsShownMax).map((column) => (
            <li key={column.name} className="flex justify-between gap-3">
              <span className="truncate font-mono text-xs" title={column.name}>
                {column.name}
              </span>
              <span className="text-xs text-ink-muted">{column.type}</span>
            </li>
          ))}
        </ul>
        {columns.length > columnsShownMax && (
          <p className="mt-0.5 text-xs text-ink-muted">
            and {columns.length - columnsShownMax} more
          </p>
        )}
      </div>
      {view.dirtyValues.length > 0 && <DirtyValues values={view.dirtyValues} />}
    </>
  );
}

const dirtyShownMax = 3;

function DirtyValues({ values }: { values: PreviewView["dirtyValues"] }) {
  return (
    <Notice tone="warn" title={`${formatNumber(values.length, "value")} would be dirty`}>
      <ul className="flex flex-col gap-1">
        {values.slice(0, dirtyShownMax).map((dirty) => (
          <li key={`${dirty.row} ${dirty.column}`} className="break-words">
            <code className="font-mono text-xs">{dirty.column}</code>: wanted {dirty.expected},
            found {dirty.actual}
          </li>
        ))}
      </ul>
    </Notice>
  );
}
