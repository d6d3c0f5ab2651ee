"use client";

import { PackageOpen } from "lucide-react";
import { Badge } from "@/app/_ui/badge";
import { Card } from "@/app/_ui/card";
import { formatBytes, formatCount } from "@/app/_ui/format-quantity";
import { EmptyState, LoadError, SkeletonRows } from "@/app/_ui/states";
import { Table, Td, Th } from "@/app/_ui/table";
import { TimeAgo } from "@/app/_ui/time-ago";
import { LoadMore } from "@/app/(console)/_components/load-more";
import { useList } from "@/app/(console)/_components/use-list";
import type { ObjectView } from "@/lib/contracts/task-lists";

/** On a phone these stand under the key, where a table would have to be scrolled. */
const wideOnly = "hidden md:table-cell";

export function ObjectList({ task }: { task: string }) {
  const list = useList<ObjectView>(`/tasks/${encodeURIComponent(task)}/objects`, { live: true });
  return (
    <Card>
      {!list.items ? (
        list.problem ? (
          <LoadError {...list.problem} onRetry={list.reload} />
        ) : (
          <SkeletonRows />
        )
      ) : list.items.length === 0 ? (
        <EmptyState icon={<PackageOpen aria-hidden />} title="No objects yet">
          The first one lands when a batch reaches its size or its flush time.
        </EmptyState>
      ) : (
        <>
          <Table>
            <thead>
              <tr>
                <Th>Key</Th>
                <Th numeric className={wideOnly}>
                  Rows
                </Th>
                <Th numeric className={wideOnly}>
                  Size
                </Th>
                <Th numeric className={wideOnly}>
                  Lane
                </Th>
                <Th className={wideOnly}>Published</Th>
              </tr>
            </thead>
            <tbody>
              {list.items.map((object) => (
                <tr key={object.objectId}>
                  <Td className="md:max-w-md md:min-w-64">
                    <span className="font-mono text-xs break-all">{object.key}</span>
                    {object.kind === "dirty" && (
                      <Badge tone="warn" className="ml-2">
                        dirty values
                      </Badge>
                    )}
                    <p className="mt-1 text-xs text-ink-muted md:hidden">
                      {formatCount(object.rows)} rows · {formatBytes(object.bytes)} · lane{" "}
                      {object.lane} · <Published object={object} />
                    </p>
                  </Td>
                  <Td numeric className={wideOnly}>
                    {formatCount(object.rows)}
                  </Td>
                  <Td numeric className={`${wideOnly} whitespace-nowrap`}>
                    {formatBytes(object.bytes)}
                  </Td>
                  <Td numeric className={wideOnly}>
                    {object.lane}
                  </Td>
                  <Td className={wideOnly}>
                    <Published object={object} />
                  </Td>
                </tr>
              ))}
            </tbody>
          </Table>
          <LoadMore
            shown={list.items.length}
            total={list.total}
            noun="object"
            hasMore={list.hasMore}
            busy={list.isLoadingMore}
            onMore={list.loadMore}
          />
        </>
      )}
    </Card>
  );
}

function Published({ object }: { object: ObjectView }) {
  if (object.publishedAt) return <TimeAgo at={object.publishedAt} />;
  return (
    <Badge tone="busy" dot>
      decided
    </Badge>
  );
}
