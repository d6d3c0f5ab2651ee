"use client";

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { callApi, problemOf } from "@/app/_api-client/request";
import { Notice } from "@/app/_ui/notice";
import { PageHeader } from "@/app/_ui/page-header";
import { LoadError, Skeleton } from "@/app/_ui/states";
import { Tabs } from "@/app/_ui/tabs";
import { folderOf } from "@/app/(console)/datasets/_components/dataset-list";
import { DatasetOrigin } from "@/app/(console)/datasets/_components/dataset-origin";
import { datasetApi } from "@/app/(console)/datasets/_components/dataset-paths";
import { VerifyTab } from "@/app/(console)/tasks/[name]/_components/verify-tab";
import type { DatasetView } from "@/lib/contracts/dataset-body";
import { DatasetActions } from "./dataset-actions";
import { DatasetObjects } from "./dataset-objects";
import { DatasetOverview } from "./dataset-overview";
import { DatasetPartitions } from "./dataset-partitions";
import { MergesTab } from "./merges/merges-tab";
import { SessionsTab } from "./sessions-tab";

const liveEveryMs = 2_000;
const tabs = [
  { value: "overview", label: "Overview" },
  { value: "objects", label: "Objects" },
  { value: "partitions", label: "Partitions" },
  { value: "sessions", label: "Sessions" },
  { value: "merges", label: "Merges" },
  { value: "verify", label: "Verify" },
] as const;

export function DatasetPage({ name, tab: asked }: { name: string; tab: string | null }) {
  const [tab, setTab] = useState<string>(
    tabs.find(({ value }) => value === asked)?.value ?? "overview",
  );
  const show = (next: string) => {
    setTab(next);
    // Not a navigation: the page stays, only its address says which tab is open.
    const address = next === "overview" ? window.location.pathname : `?tab=${next}`;
    window.history.replaceState(null, "", address);
  };
  const query = useQuery({
    queryKey: ["dataset", name],
    queryFn: ({ signal }) => callApi<DatasetView>(datasetApi.one(name), { signal }),
    refetchInterval: liveEveryMs,
  });
  const parents = [{ href: "/datasets", label: "Datasets" }];
  const dataset = query.data;
  if (!dataset) {
    return (
      <>
        <PageHeader title={name} parents={parents} />
        {query.error ? (
          <LoadError {...problemOf(query.error)} onRetry={() => void query.refetch()} />
        ) : (
          <DatasetSkeleton />
        )}
      </>
    );
  }
  const stale = query.error ? problemOf(query.error) : null;
  return (
    <>
      <PageHeader
        title={<span className="break-all">{dataset.name}</span>}
        parents={parents}
        badge={<DatasetOrigin origin={dataset.origin} />}
        description={
          <span className="break-words">
            {dataset.bucket}/{folderOf(dataset)}
          </span>
        }
        actions={<DatasetActions dataset={dataset} />}
      />
      {stale && (
        <div className="mb-6">
          <Notice tone="warn" title="These figures are not live">
            {stale.cause} {stale.nextStep}
          </Notice>
        </div>
      )}
      <Tabs label="Dataset" tabs={tabs} value={tab} onChange={show}>
        <div className="pt-5">
          {tab === "overview" && <DatasetOverview dataset={dataset} />}
          {tab === "objects" && <DatasetObjects dataset={dataset} />}
          {tab === "partitions" && <DatasetPartitions dataset={dataset} />}
          {tab === "sessions" && <SessionsTab dataset={dataset} />}
          {tab === "merges" && <MergesTab dataset={dataset} />}
          {tab === "verify" && <VerifyTab what={dataset.origin} name={dataset.name} canAsk />}
        </div>
      </Tabs>
    </>
  );
}

function DatasetSkeleton() {
  return (
    <div role="status" aria-label="Loading" className="flex flex-col gap-5">
      <Skeleton className="h-9 w-80 max-w-full" />
      <div className="grid gap-4 sm:grid-cols-3">
        {["rows", "objects", "bytes"].map((part) => (
          <Skeleton key={part} className="h-24 rounded-xl" />
        ))}
      </div>
      <Skeleton className="h-48 rounded-xl" />
    </div>
  );
}
