"use client";

import { Plus, Search, Waves } from "lucide-react";
import Link from "next/link";
import { type ReactNode, useDeferredValue, useState } from "react";
import { Button } from "@/app/_ui/button";
import { Card } from "@/app/_ui/card";
import { Input } from "@/app/_ui/field";
import { formatBytes, formatCount } from "@/app/_ui/format-quantity";
import { PageHeader } from "@/app/_ui/page-header";
import { EmptyState, LoadError, SkeletonRows } from "@/app/_ui/states";
import { Table, Td, Th } from "@/app/_ui/table";
import { TimeAgo } from "@/app/_ui/time-ago";
import { LoadMore } from "@/app/(console)/_components/load-more";
import { useList } from "@/app/(console)/_components/use-list";
import type { TaskSummary } from "@/lib/contracts/task-view";
import { TaskStatusBadge } from "./task-status-badge";

export function TaskList() {
  const [search, setSearch] = useState("");
  const asked = useDeferredValue(search.trim());
  const list = useList<TaskSummary>(
    asked === "" ? "/tasks" : `/tasks?search=${encodeURIComponent(asked)}`,
    { live: true },
  );
  const isEmpty = list.items?.length === 0;
  return (
    <>
      <PageHeader
        title="Delivery tasks"
        description="Each task delivers one table into one folder of a bucket, every record exactly once."
        actions={<NewTask />}
      />
      <Card>
        {(asked !== "" || !isEmpty) && (
          <div className="border-b border-line p-3">
            <div className="relative max-w-xs">
              <Search
                aria-hidden
                className="pointer-events-none absolute top-2.5 left-3 size-4 text-ink-faint"
              />
              <Input
                type="search"
                aria-label="Search tasks by name or table"
                placeholder="Search by name or table"
                value={search}
                onChange={(event) => setSearch(event.target.value)}
                className="pl-9"
              />
            </div>
          </div>
        )}
        <Tasks list={list} isFiltered={asked !== ""} />
      </Card>
    </>
  );
}

function NewTask() {
  return (
    <Button asChild look="primary">
      <Link href="/tasks/new">
        <Plus aria-hidden /> New task
      </Link>
    </Button>
  );
}

function Tasks({
  list,
  isFiltered,
}: {
  list: ReturnType<typeof useList<TaskSummary>>;
  isFiltered: boolean;
}): ReactNode {
  if (!list.items) {
    if (list.problem) return <LoadError {...list.problem} onRetry={list.reload} />;
    return <SkeletonRows rows={6} />;
  }
  if (list.items.length === 0) {
    if (isFiltered)
      return (
        <EmptyState title="No task matches">Search looks at task names and table names.</EmptyState>
      );
    return (
      <EmptyState icon={<Waves aria-hidden />} title="No tasks yet" action={<NewTask />}>
        A task takes a table's rows, its changes, or both in order, and writes them as Parquet
        objects that any reader opens.
      </EmptyState>
    );
  }
  return (
    <>
      <ul className="divide-y divide-line md:hidden">
        {list.items.map((task) => (
          <TaskCard key={task.name} task={task} />
        ))}
      </ul>
      <div className="hidden md:block">
        <TaskTable tasks={list.items} />
      </div>
      <LoadMore
        shown={list.items.length}
        total={list.total}
        noun="tasks"
        hasMore={list.hasMore}
        busy={list.isLoadingMore}
        onMore={list.loadMore}
      />
    </>
  );
}

const modeLabels = {
  full: "Full",
  incremental: "Incremental",
  differential: "Differential",
} as const;

function TaskTable({ tasks }: { tasks: readonly TaskSummary[] }) {
  return (
    <Table>
      <thead>
        <tr>
          <Th>Task</Th>
          <Th>Status</Th>
          <Th>Source table</Th>
          <Th>Destination</Th>
          <Th numeric>Rows</Th>
          <Th numeric>Objects</Th>
          <Th>Last delivered</Th>
        </tr>
      </thead>
      <tbody>
        {tasks.map((task) => (
          <tr key={task.name} className="transition-colors hover:bg-sunken/60">
            <Td>
              <Link href={`/tasks/${task.name}`} className="font-medium hover:underline">
                {task.name}
              </Link>
              <div className="text-xs text-ink-muted">{modeLabels[task.mode]}</div>
            </Td>
            <Td>
              <TaskStatusBadge status={task.status} />
              {task.errors[0] && (
                <div className="mt-1 max-w-56 text-xs text-bad">{task.errors[0].title}</div>
              )}
            </Td>
            <Td className="max-w-40 break-words">{task.table}</Td>
            <Td className="max-w-64">
              <div className="truncate">{task.bucket}</div>
              <div className="truncate font-mono text-xs text-ink-muted" title={task.prefix}>
                {task.prefix}
              </div>
            </Td>
            <Td numeric>{formatCount(task.account.rows)}</Td>
            <Td numeric>
              {formatCount(task.account.objects)}
              <div className="text-xs text-ink-muted">{formatBytes(task.account.bytes)}</div>
            </Td>
            <Td>
              <TimeAgo at={task.lastDeliveredAt} empty="nothing yet" />
            </Td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

/** The same facts for a narrow screen, where a seven-column table would have to be scrolled. */
function TaskCard({ task }: { task: TaskSummary }) {
  return (
    <li>
      <Link href={`/tasks/${task.name}`} className="block px-4 py-3.5 active:bg-sunken">
        <div className="flex items-center justify-between gap-3">
          <span className="min-w-0 truncate font-medium">{task.name}</span>
          <TaskStatusBadge status={task.status} />
        </div>
        <div className="mt-1 truncate text-[13px] text-ink-muted">
          {task.table} → {task.bucket}/<span className="font-mono text-xs">{task.prefix}</span>
        </div>
        {task.errors[0] && <div className="mt-1 text-[13px] text-bad">{task.errors[0].title}</div>}
        <div className="mt-1 text-xs text-ink-muted">
          {formatCount(task.account.rows)} rows · {formatCount(task.account.objects)} objects ·{" "}
          <TimeAgo at={task.lastDeliveredAt} empty="nothing yet" />
        </div>
      </Link>
    </li>
  );
}
