"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { callApi, problemOf } from "@/app/_api-client/request";
import { formatBytes, formatCount, formatDuration, formatNumber } from "@/app/_ui/format-quantity";
import { Skeleton } from "@/app/_ui/states";
import { datasetApi } from "@/app/(console)/datasets/_components/dataset-paths";
import { useSettled } from "@/app/(console)/tasks/new/_components/use-settled";
import type { MergePreviewView } from "@/lib/contracts/merge-body";
import type { ProblemDocument } from "@/lib/contracts/problem-document";
import { type MergeDraft, mergeBodyOf } from "./merge-draft";

const settleMs = 350;
const partitionsShownMax = 5;

/** What the settings would do to what is there now, once typing has paused. */
export function useMergePreview(dataset: string, draft: MergeDraft) {
  const asked = useSettled(JSON.stringify(mergeBodyOf(draft)), settleMs);
  const query = useQuery({
    queryKey: [datasetApi.mergePreview(dataset), asked],
    retry: false,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      callApi<MergePreviewView>(datasetApi.mergePreview(dataset), {
        method: "POST",
        body: JSON.parse(asked),
        signal,
      }),
  });
  return { preview: query.data, problem: query.error ? problemOf(query.error) : null };
}

export function MergePreview(props: {
  preview: MergePreviewView | undefined;
  /** The fields say what is wrong with them. */
  problem: ProblemDocument | null;
}) {
  const { preview, problem } = props;
  return (
    <section
      aria-label="What these settings would do now"
      className="rounded-xl border border-line bg-sunken px-4 py-3.5 text-[13px]"
    >
      <h3 className="text-sm font-semibold">What these settings would do now</h3>
      <div className="mt-2 flex flex-col gap-2 text-ink-muted" aria-live="polite">
        {problem ? (
          <p>{problem.errors.length > 0 ? "Known once the fields are right." : problem.cause}</p>
        ) : preview ? (
          <Plan preview={preview} />
        ) : (
          <>
            <Skeleton className="h-4 w-2/3" />
            <Skeleton className="h-4 w-1/2" />
          </>
        )}
      </div>
    </section>
  );
}

function Plan({ preview }: { preview: MergePreviewView }) {
  const { total, partitions, partitionCount, waiting, extraBytes, extraSeconds } = preview;
  const waits = waiting.objects > 0 && (
    <p>
      {formatNumber(waiting.objects, "object")} in {formatNumber(waiting.partitions, "partition")}{" "}
      wait for company. “Merge now” takes them, too.
    </p>
  );
  if (total.objects === 0) {
    return (
      <>
        <p className="text-sm text-ink">Nothing is to be merged.</p>
        {waits}
      </>
    );
  }
  const left = partitionCount - Math.min(partitions.length, partitionsShownMax);
  return (
    <>
      <p className="text-sm text-ink">
        <Strong>{formatNumber(total.objects, "object")}</Strong> with{" "}
        {formatNumber(total.rows, "row")} become about{" "}
        <Strong>{formatNumber(total.outputObjects, "object")}</Strong>, in{" "}
        {formatNumber(partitionCount, "partition")}.
      </p>
      <p>
        Both copies take about {formatBytes(extraBytes)} more than one,{" "}
        {extraSeconds === null
          ? "for good"
          : extraSeconds === 0
            ? "for a moment"
            : `for ${formatDuration(extraSeconds)}`}
        .
      </p>
      {waits}
      <ul className="divide-y divide-line border-t border-line">
        {partitions.slice(0, partitionsShownMax).map((partition) => (
          <li key={partition.folder} className="flex flex-wrap justify-between gap-x-4 py-1.5">
            <span className="font-mono text-xs break-all">
              {partition.spec === "" ? partition.folder : partition.spec}
            </span>
            <span className="tabular-nums">
              {formatCount(partition.objects)} → {formatCount(partition.outputObjects)},{" "}
              {formatBytes(partition.bytes)}
            </span>
          </li>
        ))}
        {left > 0 && <li className="py-1.5">and {formatNumber(left, "more partition")}</li>}
      </ul>
    </>
  );
}

function Strong({ children }: { children: ReactNode }) {
  return <strong className="font-semibold">{children}</strong>;
}
