"use client";

import { Waves } from "lucide-react";
import { Badge } from "@/app/_ui/badge";
import { Card } from "@/app/_ui/card";
import { formatCount } from "@/app/_ui/format-quantity";
import { EmptyState, LoadError, SkeletonRows } from "@/app/_ui/states";
import { Table, Td, Th } from "@/app/_ui/table";
import { TimeAgo } from "@/app/_ui/time-ago";
import { LoadMore } from "@/app/(console)/_components/load-more";
import { useList } from "@/app/(console)/_components/use-list";
import type { ChannelView } from "@/lib/contracts/task-lists";

const tones = { waiting: "neutral", delivering: "busy", finished: "good" } as const;

export function ChannelList({ task }: { task: string }) {
  const list = useList<ChannelView>(`/tasks/${encodeURIComponent(task)}/channels`, { live: true });
  return (
    <Card>
      {!list.items ? (
        list.problem ? (
          <LoadError {...list.problem} onRetry={list.reload} />
        ) : (
          <SkeletonRows />
        )
      ) : list.items.length === 0 ? (
        <EmptyState icon={<Waves aria-hidden />} title="No channels yet">
          The tunnel hands them out within seconds of the task's creation.
        </EmptyState>
      ) : (
        <>
          <Table>
            <thead>
              <tr>
                <Th numeric>Lane</Th>
                <Th>Channel</Th>
                <Th>State</Th>
                <Th numeric>Records</Th>
                <Th numeric>Rows</Th>
                <Th numeric>Batches</Th>
                <Th>Delivered through</Th>
                <Th>Worker</Th>
              </tr>
            </thead>
            <tbody>
              {list.items.map((channel) => (
                <tr key={channel.channelId}>
                  <Td numeric>{channel.lane}</Td>
                  <Td className="max-w-72">
                    <span className="block truncate font-mono text-xs" title={channel.channelId}>
                      {channel.channelId}
                    </span>
                    <div className="text-xs text-ink-muted">
                      {channel.kind === "base" ? "base data" : "stream"}
                    </div>
                  </Td>
                  <Td>
                    <Badge tone={tones[channel.state]} dot>
                      {channel.state}
                    </Badge>
                    {channel.error && (
                      <div className="mt-1 min-w-44 text-xs text-bad">{channel.error.title}</div>
                    )}
                  </Td>
                  <Td numeric>{formatCount(channel.records)}</Td>
                  <Td numeric>{formatCount(channel.rows)}</Td>
                  <Td numeric>{formatCount(channel.batchNumber)}</Td>
                  <Td>
                    <TimeAgo at={channel.deliveredThrough} />
                    {channel.gaps.map((gap) => (
                      <div key={gap.batchNumber} className="mt-1 min-w-44 text-xs text-warn">
                        Gap after <TimeAgo at={gap.after} />, skipped <TimeAgo at={gap.skippedAt} />
                      </div>
                    ))}
                  </Td>
                  <Td className="max-w-40">
                    <span
                      className="block truncate font-mono text-xs text-ink-muted"
                      title={channel.workerId ?? undefined}
                    >
                      {channel.workerId ?? "–"}
                    </span>
                  </Td>
                </tr>
              ))}
            </tbody>
          </Table>
          <LoadMore
            shown={list.items.length}
            total={list.total}
            noun="channel"
            hasMore={list.hasMore}
            busy={list.isLoadingMore}
            onMore={list.loadMore}
          />
        </>
      )}
    </Card>
  );
}
