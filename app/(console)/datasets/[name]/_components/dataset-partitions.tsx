"use client";

import { FolderTree } from "lucide-react";
import { Card } from "@/app/_ui/card";
import { formatBytes, formatCount, formatNumber } from "@/app/_ui/format-quantity";
import { EmptyState, LoadError, SkeletonRows } from "@/app/_ui/states";
import { Table, Td, Th } from "@/app/_ui/table";
import { TimeAgo } from "@/app/_ui/time-ago";
import { LoadMore } from "@/app/(console)/_components/load-more";
import { useList } from "@/app/(console)/_components/use-list";
import { datasetApi } from "@/app/(console)/datasets/_components/dataset-paths";
import type { DatasetView } from "@/lib/contracts/dataset-body";
import type { PartitionView } from "@/lib/contracts/dataset-lists";

const wideOnly = "hidden md:table-cell";

export function DatasetPartitions({ dataset }: { dataset: DatasetView }) {
  const list = useList<PartitionView>(datasetApi.partitions(dataset.name), { live: true });
  return (
    <Card>
      {!list.items ? (
        list.problem ? (
          <LoadError {...list.problem} onRetry={list.reload} />
        ) : (
          <SkeletonRows />
        )
      ) : list.items.length === 0 ? (
        <EmptyState icon={<FolderTree aria-hidden />} title="No partitions yet">
          A partition is there as soon as an object is decided in it; none has to be made.
        </EmptyState>
      ) : (
        <>
          <Partitions partitions={list.items} />
          <LoadMore
            shown={list.items.length}
            total={list.total}
            noun="partition"
            hasMore={list.hasMore}
            busy={list.isLoadingMore}
            onMore={list.loadMore}
          />
        </>
      )}
    </Card>
  );
}

function Partitions({ partitions }: { partitions: readonly PartitionView[] }) {
  return (
    <Table>
      <thead>
        <tr>
          <Th>Partition</Th>
          <Th numeric className={wideOnly}>
            Rows
          </Th>
          <Th numeric className={wideOnly}>
            Objects
          </Th>
          <Th numeric className={wideOnly}>
            Size
          </Th>
          <Th className={wideOnly}>Last written</Th>
        </tr>
      </thead>
      <tbody>
        {partitions.map((partition) => (
          <tr key={partition.folder}>
            <Td className="md:max-w-md md:min-w-64">
              {partition.spec !== "" && partition.spec !== partition.folder && (
                <div className="font-medium break-all">{partition.spec}</div>
              )}
              <span className="font-mono text-xs break-all text-ink-muted">{partition.folder}</span>
              <p className="mt-1 text-xs text-ink-muted md:hidden">
                {formatNumber(partition.rows, "row")} · {formatNumber(partition.objects, "object")}{" "}
                · {formatBytes(partition.bytes)} · <TimeAgo at={partition.lastDecidedAt} />
              </p>
            </Td>
            <Td numeric className={wideOnly}>
              {formatCount(partition.rows)}
            </Td>
            <Td numeric className={wideOnly}>
              {formatCount(partition.objects)}
            </Td>
            <Td numeric className={`${wideOnly} whitespace-nowrap`}>
              {formatBytes(partition.bytes)}
            </Td>
            <Td className={wideOnly}>
              <TimeAgo at={partition.lastDecidedAt} />
            </Td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}
