"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useDeferredValue } from "react";
import { callApi, problemOf } from "@/app/_api-client/request";
import { Card, CardBody, CardHeader } from "@/app/_ui/card";
import { Notice } from "@/app/_ui/notice";
import { Skeleton } from "@/app/_ui/states";
import type { PreviewBody, PreviewView } from "@/lib/contracts/task-preview";
import { bodyOf, type TaskDraft } from "./task-draft";

const columnsShownMax = 8;

/** What the task would do with the table as it is: the key of an object written now, the schema, what would be dirty. */
export function PreviewCard({ draft }: { draft: TaskDraft }) {
  const asked = useDeferredValue(draft);
  const ready = asked.sourceId !== "" && asked.table !== "";
  const body = previewBodyOf(asked);
  const preview = useQuery<PreviewView>({
    queryKey: ["preview", JSON.stringify(body)],
    enabled: ready,
    retry: false,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      callApi<PreviewView>("/tasks/preview", { method: "POST", body, signal }),
  });
  return (
    <Card className="xl:sticky xl:top-8">
      <CardHeader title="Preview" description="From the table as it is now." />
      <CardBody className="flex flex-col gap-4 text-[13px]">
        {!ready && (
          <p className="text-ink-muted">Choose a source table to see what would be delivered.</p>
        )}
        {ready && preview.isPending && <Skeleton className="h-24 rounded-lg" />}
        {preview.error && <PreviewProblem thrown={preview.error} />}
        {preview.data && !preview.error && <Preview view={preview.data} />}
      </CardBody>
    </Card>
  );
}

/** A preview does not need what the form still lacks. */
function previewBodyOf(draft: TaskDraft): PreviewBody {
  const { name, destinationId, prefix, ...rest } = bodyOf(draft);
  const isEmptyManual = rest.schema.kind === "manual" && rest.schema.columns.length === 0;
  return {
    ...rest,
    ...(isEmptyManual ? { schema: { kind: "auto" } } : {}),
    ...(name ? { name } : {}),
    ...(destinationId ? { destinationId } : {}),
    ...(prefix ? { prefix } : {}),
  };
}

function PreviewProblem({ thrown }: { thrown: Error }) {
  const problem = problemOf(thrown);
  return (
    <ul className="flex flex-col gap-1.5 text-ink-muted">
      {(problem.errors.length > 0 ? problem.errors : [{ field: "", message: problem.cause }]).map(
        ({ field, message }) => (
          <li key={`${field}${message}`}>
            {field && <span className="font-mono text-xs text-ink">{field}: </span>}
            {message}
          </li>
        ),
      )}
    </ul>
  );
}

function Preview({ view }: { view: PreviewView }) {
  const { columns } = view.schema;
  return (
    <>
      <div>
        <p className="font-medium">Object key</p>
        <p className="mt-1 rounded-lg bg-sunken px-2.5 py-2 font-mono text-xs break-all">
          {view.exampleObjectKey ?? "Needs a name and a prefix."}
        </p>
      </div>
      <div>
        <p className="font-medium">
          {columns.length} columns{" "}
          <span className="font-normal text-ink-muted">from {view.sampledRows} rows</span>
        </p>
        <ul className="mt-1 flex flex-col gap-0.5">
          {columns.slice(0, columnsShownMax).map((column) => (
            <li key={column.name} className="flex justify-between gap-3">
              <span className="truncate font-mono text-xs">{column.name}</span>
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
      {view.dirtyValues.length > 0 && (
        <Notice tone="warn" title={`${view.dirtyValues.length} values would be dirty`}>
          {[...new Set(view.dirtyValues.map(({ column }) => column))].slice(0, 3).join(", ")}
        </Notice>
      )}
      {view.warnings.map((warning) => (
        <Notice key={warning.code + warning.field} tone="warn" title="Worth a thought">
          {warning.message}
        </Notice>
      ))}
    </>
  );
}
