"use client";

import { PackageOpen } from "lucide-react";
import { Badge } from "@/app/_ui/badge";
import { Card } from "@/app/_ui/card";
import { formatBytes, formatCount, formatNumber } from "@/app/_ui/format-quantity";
import { EmptyState, LoadError, SkeletonRows } from "@/app/_ui/states";
import { Table, Td, Th } from "@/app/_ui/table";
import { TimeAgo } from "@/app/_ui/time-ago";
import { LoadMore } from "@/app/(console)/_components/load-more";
import { useList } from "@/app/(console)/_components/use-list";
import { datasetApi } from "@/app/(console)/datasets/_components/dataset-paths";
import type { DatasetView } from "@/lib/contracts/dataset-body";
import type { DatasetObjectView } from "@/lib/contracts/dataset-lists";

/** On a phone these stand under the key, where a table would have to be scrolled. */
const wideOnly = "hidden md:table-cell";

export function DatasetObjects({ dataset }: { dataset: DatasetView }) {
  const list = useList<DatasetObjectView>(datasetApi.objects(dataset.name), { live: true });
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
          {dataset.origin === "task"
            ? "The first one lands when the task's first batch is sealed."
            : "The first one lands when an upload is committed or a stream is flushed."}
        </EmptyState>
      ) : (
        <>
          <Objects objects={list.items} />
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

function Objects({ objects }: { objects: readonly DatasetObjectView[] }) {
  return (
    <Table>
      <thead>
        <tr>
          <Th>Key</Th>
          <Th className={wideOnly}>Writer</Th>
          <Th numeric className={wideOnly}>
            Rows
          </Th>
          <Th numeric className={wideOnly}>
            Size
          </Th>
          <Th className={wideOnly}>Published</Th>
        </tr>
      </thead>
      <tbody>
        {objects.map((object) => (
          <tr key={object.objectId}>
            <Td className="md:max-w-md md:min-w-64">
              <span className="font-mono text-xs break-all">{object.key}</span>
              <p className="mt-1 text-xs text-ink-muted md:hidden">
                {object.writer} · {formatNumber(object.rows, "row")} · {formatBytes(object.bytes)} ·{" "}
                <Published object={object} />
              </p>
            </Td>
            <Td className={wideOnly}>{object.writer}</Td>
            <Td numeric className={wideOnly}>
              {formatCount(object.rows)}
            </Td>
            <Td numeric className={`${wideOnly} whitespace-nowrap`}>
              {formatBytes(object.bytes)}
            </Td>
            <Td className={wideOnly}>
              <Published object={object} />
            </Td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

/** Readers see it from then on. */
function Published({ object }: { object: DatasetObjectView }) {
  if (object.publishedAt) return <TimeAgo at={object.publishedAt} />;
  return (
    <Badge tone="busy" dot>
      decided
    </Badge>
  );
}
