"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { callApi } from "@/app/_api-client/request";
import type { PreviewBody, PreviewView } from "@/lib/contracts/task-preview";
import { bodyOf, type TaskDraft } from "./task-draft";
import { useSettled } from "./use-settled";

const settleMs = 350;

/** What the API says of the mapping on sampled rows, once there is a table and typing has paused. */
export function usePreview(draft: TaskDraft) {
  const asked = useSettled(JSON.stringify(previewBodyOf(draft)), settleMs);
  const hasTable = draft.sourceId !== "" && draft.table !== "";
  const query = useQuery<PreviewView>({
    queryKey: ["preview", asked],
    enabled: hasTable,
    retry: false,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      callApi<PreviewView>("/tasks/preview", { method: "POST", body: JSON.parse(asked), signal }),
  });
  return { ...query, hasTable };
}

/** Only what the mapping depends on: the key is made in the browser, and the rest is not wanted yet. */
function previewBodyOf(draft: TaskDraft): PreviewBody {
  const { sourceId, table, schema, eventTime, metadataColumns, timeZone, prefix } = bodyOf(draft);
  const isEmptyManual = schema.kind === "manual" && schema.columns.length === 0;
  const hasEventTime = eventTime !== null && eventTime !== undefined && eventTime.column !== "";
  return {
    sourceId,
    table,
    schema: isEmptyManual ? { kind: "auto" } : schema,
    metadataColumns: metadataColumns ?? [],
    ...(timeZone ? { timeZone } : {}),
    ...(hasEventTime ? { eventTime } : {}),
    ...(prefix ? { prefix } : {}),
  };
}
