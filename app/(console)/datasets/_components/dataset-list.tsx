"use client";

import { Layers, Plus, Search } from "lucide-react";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { type ReactNode, useDeferredValue, useState } from "react";
import { Card } from "@/app/_ui/card";
import { Input } from "@/app/_ui/field";
import { formatBytes, formatCount, formatNumber } from "@/app/_ui/format-quantity";
import { PageHeader } from "@/app/_ui/page-header";
import { EmptyState, LoadError, SkeletonRows } from "@/app/_ui/states";
import { Table, Td, Th } from "@/app/_ui/table";
import { TimeAgo } from "@/app/_ui/time-ago";
import { LoadMore } from "@/app/(console)/_components/load-more";
import { RoleButton } from "@/app/(console)/_components/role-button";
import { useList } from "@/app/(console)/_components/use-list";
import type { DatasetView } from "@/lib/contracts/dataset-body";
import { CreateDatasetDialog } from "./create-dataset-dialog";
import { DatasetOrigin } from "./dataset-origin";
import { datasetApi, datasetPage } from "./dataset-paths";

export function DatasetList() {
  const router = useRouter();
  const [search, setSearch] = useState("");
  const [creating, setCreating] = useState(false);
  const asked = useDeferredValue(search.trim());
  const list = useList<DatasetView>(
    asked === "" ? datasetApi.all : `${datasetApi.all}?search=${encodeURIComponent(asked)}`,
    { live: true },
  );
  const create = (
    <RoleButton needs="administrator" look="primary" onClick={() => setCreating(true)}>
      <Plus aria-hidden /> Create a dataset
    </RoleButton>
  );
  return (
    <>
      <PageHeader
        title="Datasets"
        description="Folders of Parquet objects with one schema: what each task delivers, and those that are filled by uploads and streams."
        actions={create}
      />
      <Card>
        {(asked !== "" || list.items?.length !== 0) && (
          <div className="border-b border-line p-3">
            <div className="relative w-full sm:max-w-xs">
              <Search
                aria-hidden
                className="pointer-events-none absolute top-2.5 left-3 size-4 text-ink-faint"
              />
              <Input
                type="search"
                aria-label="Search datasets by name"
                placeholder="Search by name"
                value={search}
                onChange={(event) => setSearch(event.target.value)}
                className="pl-9"
              />
            </div>
          </div>
        )}
        <Datasets list={list} asked={asked} create={create} />
      </Card>
      {creating && (
        <CreateDatasetDialog
          onClose={() => setCreating(false)}
          onCreated={({ name }) => router.push(datasetPage(name))}
        />
      )}
    </>
  );
}

function Datasets(props: {
  list: ReturnType<typeof useList<DatasetView>>;
  asked: string;
  create: ReactNode;
}) {
  const { list, asked } = props;
  if (!list.items) {
    if (list.problem) return <LoadError {...list.problem} onRetry={list.reload} />;
    return <SkeletonRows rows={6} />;
  }
  if (list.items.length === 0) {
    if (asked !== "") {
      return (
        <EmptyState title="No dataset matches">No dataset's name contains “{asked}”.</EmptyState>
      );
    }
    return (
      <EmptyState icon={<Layers aria-hidden />} title="No datasets yet" action={props.create}>
        What a task delivers is one. One that is created by hand takes files that you upload and
        rows that programs stream.
      </EmptyState>
    );
  }
  return (
    <>
      <ul className="divide-y divide-line md:hidden">
        {list.items.map((dataset) => (
          <DatasetCard key={dataset.name} dataset={dataset} />
        ))}
      </ul>
      <div className="hidden md:block">
        <DatasetTable datasets={list.items} />
      </div>
      <LoadMore
        shown={list.items.length}
        total={list.total}
        noun="dataset"
        hasMore={list.hasMore}
        busy={list.isLoadingMore}
        onMore={list.loadMore}
      />
    </>
  );
}

function DatasetTable({ datasets }: { datasets: readonly DatasetView[] }) {
  return (
    <Table>
      <thead>
        <tr>
          <Th>Dataset</Th>
          <Th>Written by</Th>
          <Th>Place</Th>
          <Th numeric>Rows</Th>
          <Th numeric>Objects</Th>
          <Th>Created</Th>
        </tr>
      </thead>
      <tbody>
        {datasets.map((dataset) => (
          <tr key={dataset.name} className="transition-colors hover:bg-sunken/60">
            <Td className="max-w-64">
              <Link
                href={datasetPage(dataset.name)}
                className="font-medium break-words hover:underline"
              >
                {dataset.name}
              </Link>
              <div className="text-xs text-ink-muted">
                {formatNumber(dataset.columns.length, "column")}
              </div>
            </Td>
            <Td>
              <DatasetOrigin origin={dataset.origin} />
            </Td>
            <Td className="max-w-72">
              <div className="truncate">{dataset.bucket}</div>
              <div className="truncate font-mono text-xs text-ink-muted" title={folderOf(dataset)}>
                {folderOf(dataset)}
              </div>
            </Td>
            <Td numeric>{formatCount(dataset.rows)}</Td>
            <Td numeric>
              {formatCount(dataset.objects)}
              <div className="text-xs whitespace-nowrap text-ink-muted">
                {formatBytes(dataset.bytes)}
              </div>
            </Td>
            <Td>
              <TimeAgo at={dataset.createdAt} />
            </Td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

/** The same facts for a narrow screen. */
function DatasetCard({ dataset }: { dataset: DatasetView }) {
  return (
    <li>
      <Link href={datasetPage(dataset.name)} className="block px-4 py-3.5 active:bg-sunken">
        <div className="flex items-center justify-between gap-3">
          <span className="min-w-0 truncate font-medium">{dataset.name}</span>
          <DatasetOrigin origin={dataset.origin} />
        </div>
        <div className="mt-1 truncate text-[13px] text-ink-muted">
          {dataset.bucket}/<span className="font-mono text-xs">{folderOf(dataset)}</span>
        </div>
        <div className="mt-1 text-xs text-ink-muted">
          {formatNumber(dataset.rows, "row")} · {formatNumber(dataset.objects, "object")} ·{" "}
          {formatBytes(dataset.bytes)}
        </div>
      </Link>
    </li>
  );
}

/** With the levels that its partition columns add; a task's prefix has them already. */
export function folderOf(dataset: DatasetView): string {
  if (dataset.origin === "task") return dataset.folder;
  return [dataset.folder, ...dataset.partitionColumns.map((name) => `${name}=…`)].join("/");
}
