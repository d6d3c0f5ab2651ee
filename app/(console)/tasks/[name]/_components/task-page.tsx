"use client";

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { callApi, problemOf } from "@/app/_api-client/request";
import { PageHeader } from "@/app/_ui/page-header";
import { LoadError, Skeleton } from "@/app/_ui/states";
import { Tabs } from "@/app/_ui/tabs";
import { TaskStatusBadge } from "@/app/(console)/tasks/_components/task-status-badge";
import type { TaskView } from "@/lib/contracts/task-view";
import { ChannelList } from "./channel-list";
import { DirtyList } from "./dirty-list";
import { ObjectList } from "./object-list";
import { TaskActions } from "./task-actions";
import { TaskErrors } from "./task-errors";
import { TaskOverview } from "./task-overview";
import { TaskSettings } from "./task-settings";
import { VerifyTab } from "./verify-tab";

const liveEveryMs = 2_000;
const tabs = [
  { value: "overview", label: "Overview" },
  { value: "objects", label: "Objects" },
  { value: "dirty", label: "Dirty values" },
  { value: "channels", label: "Channels" },
  { value: "verify", label: "Verify" },
  { value: "settings", label: "Settings" },
] as const;

export function TaskPage({ name, tab: asked }: { name: string; tab: string | null }) {
  const [tab, setTab] = useState<string>(
    tabs.find(({ value }) => value === asked)?.value ?? "overview",
  );
  const show = (next: string) => {
    setTab(next);
    // Not a navigation: the page stays, only its address says which tab is open.
    window.history.replaceState(
      null,
      "",
      next === "overview" ? window.location.pathname : `?tab=${next}`,
    );
  };
  const query = useQuery({
    queryKey: ["task", name],
    queryFn: ({ signal }) => callApi<TaskView>(`/tasks/${encodeURIComponent(name)}`, { signal }),
    refetchInterval: liveEveryMs,
  });
  const parents = [{ href: "/tasks", label: "Tasks" }];
  const task = query.data;
  if (!task) {
    return (
      <>
        <PageHeader title={name} parents={parents} />
        {query.error ? (
          <LoadError {...problemOf(query.error)} onRetry={() => void query.refetch()} />
        ) : (
          <TaskSkeleton />
        )}
      </>
    );
  }
  return (
    <>
      <PageHeader
        title={task.name}
        parents={parents}
        badge={<TaskStatusBadge status={task.status} />}
        description={
          <>
            <span className="break-words">
              {task.table} → {task.bucket}/{task.prefix}
            </span>
            <span className="mt-0.5 block text-[13px]">{task.status.detail}</span>
          </>
        }
        actions={<TaskActions task={task} />}
      />
      <TaskErrors task={task} stale={query.error ? problemOf(query.error) : null} />
      <Tabs label="Task" tabs={tabs} value={tab} onChange={show}>
        <div className="pt-5">
          {tab === "overview" && <TaskOverview task={task} onShow={show} />}
          {tab === "objects" && <ObjectList task={task.name} />}
          {tab === "dirty" && <DirtyList task={task} />}
          {tab === "channels" && <ChannelList task={task.name} />}
          {tab === "verify" && (
            <VerifyTab what="task" name={task.name} canAsk={task.desiredState !== "deleted"} />
          )}
          {tab === "settings" && <TaskSettings task={task} />}
        </div>
      </Tabs>
    </>
  );
}

function TaskSkeleton() {
  return (
    <div role="status" aria-label="Loading" className="flex flex-col gap-5">
      <Skeleton className="h-9 w-80" />
      <div className="grid gap-4 sm:grid-cols-2 lg:grid-cols-4">
        {["rows", "objects", "through", "dirty"].map((part) => (
          <Skeleton key={part} className="h-24 rounded-xl" />
        ))}
      </div>
      <Skeleton className="h-48 rounded-xl" />
    </div>
  );
}
