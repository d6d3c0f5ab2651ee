"use client";

import { CircleCheck } from "lucide-react";
import { Card, CardHeader } from "@/app/_ui/card";
import { formatNumber } from "@/app/_ui/format-quantity";
import { EmptyState, LoadError, SkeletonRows } from "@/app/_ui/states";
import { Table, Td, Th } from "@/app/_ui/table";
import { TimeAgo } from "@/app/_ui/time-ago";
import { LoadMore } from "@/app/(console)/_components/load-more";
import { useList } from "@/app/(console)/_components/use-list";
import type { DirtyPage, DirtyView } from "@/lib/contracts/task-lists";
import type { TaskView } from "@/lib/contracts/task-view";

const reasons: Record<DirtyView["reason"], string> = {
  type_mismatch: "Another type than the mapping asks",
  invalid_utf8: "Not UTF-8",
  event_time_missing: "No event time; went by write time",
  event_time_unreadable: "Unreadable event time; went by write time",
  record_corrupt: "The record could not be read",
};

export function DirtyList({ task }: { task: TaskView }) {
  const list = useList<DirtyView, DirtyPage>(`/tasks/${encodeURIComponent(task.name)}/dirty`, {
    live: true,
  });
  const totals = list.firstPage;
  return (
    <Card>
      {totals && totals.total > 0 && (
        <CardHeader
          title={`${formatNumber(totals.dirtyValuesTotal, "dirty value")}, ${formatNumber(totals.dirtyRecordsTotal, "unreadable record")}`}
          description={`${totals.samplesAreBounded ? "These are samples. " : ""}${
            task.dirtyPrefix === null
              ? "Dirty objects are switched off for this task."
              : `All of them stand as NDJSON under ${task.bucket}/${task.dirtyPrefix}`
          }`}
        />
      )}
      {!list.items ? (
        list.problem ? (
          <LoadError {...list.problem} onRetry={list.reload} />
        ) : (
          <SkeletonRows />
        )
      ) : list.items.length === 0 ? (
        <EmptyState icon={<CircleCheck aria-hidden />} title="Nothing dirty">
          Every value so far became what the schema mapping asks for.
        </EmptyState>
      ) : (
        <>
          <Table>
            <thead>
              <tr>
                <Th>Column</Th>
                <Th>Why</Th>
                <Th>Value</Th>
                <Th>Row</Th>
                <Th>When</Th>
              </tr>
            </thead>
            <tbody>
              {list.items.map((sample) => (
                <tr key={sample.id}>
                  <Td className="font-mono text-xs">{sample.column ?? "whole record"}</Td>
                  <Td className="min-w-44">
                    {reasons[sample.reason]}
                    {sample.expected && (
                      <div className="text-xs text-ink-muted">
                        wanted {sample.expected}
                        {sample.actual ? `, found ${sample.actual}` : ""}
                      </div>
                    )}
                  </Td>
                  <Td className="max-w-72 font-mono text-xs break-words">{sample.value ?? "–"}</Td>
                  <Td className="max-w-56 font-mono text-xs break-words">{sample.key ?? "–"}</Td>
                  <Td>
                    <TimeAgo at={sample.decidedAt} />
                  </Td>
                </tr>
              ))}
            </tbody>
          </Table>
          <LoadMore
            shown={list.items.length}
            total={list.total}
            noun="sample"
            hasMore={list.hasMore}
            busy={list.isLoadingMore}
            onMore={list.loadMore}
          />
        </>
      )}
    </Card>
  );
}
