"use client";

import { Plus, Search, Waves } from "lucide-react";
import Link from "next/link";
import { type ReactNode, useDeferredValue, useState } from "react";
import { Card } from "@/app/_ui/card";
import { classNames } from "@/app/_ui/class-names";
import { Input, Select } from "@/app/_ui/field";
import { formatBytes, formatCount, formatNumber } from "@/app/_ui/format-quantity";
import { PageHeader } from "@/app/_ui/page-header";
import { EmptyState, LoadError, SkeletonRows } from "@/app/_ui/states";
import { Table, Td, Th } from "@/app/_ui/table";
import { TimeAgo } from "@/app/_ui/time-ago";
import { LoadMore } from "@/app/(console)/_components/load-more";
import { RoleButton } from "@/app/(console)/_components/role-button";
import { useList } from "@/app/(console)/_components/use-list";
import type { ErrorView } from "@/lib/contracts/error-view";
import type { TaskSummary } from "@/lib/contracts/task-view";
import { TaskStatusBadge } from "./task-status-badge";

/** What the list can be narrowed to, as the API's own filters. */
const filters = {
  all: { label: "All tasks", query: {} },
  trouble: { label: "Something in the way", query: { withError: "true" } },
  running: { label: "Running", query: { desiredState: "running" } },
  paused: { label: "Paused", query: { desiredState: "paused" } },
} as const;
type FilterName = keyof typeof filters;

export function TaskList() {
  const [search, setSearch] = useState("");
  const [filter, setFilter] = useState<FilterName>("all");
  const asked = useDeferredValue(search.trim());
  const query = new URLSearchParams(filters[filter].query);
  if (asked !== "") query.set("search", asked);
  const list = useList<TaskSummary>(query.size === 0 ? "/tasks" : `/tasks?${query}`, {
    live: true,
  });
  const isFiltered = query.size > 0;
  const isEmpty = list.items?.length === 0;
  return (
    <>
      <PageHeader
        title="Delivery tasks"
        description="Each task delivers one table into one folder of a bucket, every record exactly once."
        actions={<NewTask />}
      />
      <Card>
        {(isFiltered || !isEmpty) && (
          <div className="flex flex-wrap gap-2 border-b border-line p-3">
            <div className="relative w-full sm:max-w-xs">
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
            <Select
              aria-label="Show tasks"
              value={filter}
              onChange={(event) => setFilter(event.target.value as FilterName)}
              className="sm:w-48"
            >
              {Object.entries(filters).map(([name, { label }]) => (
                <option key={name} value={name}>
                  {label}
                </option>
              ))}
            </Select>
          </div>
        )}
        <Tasks list={list} isFiltered={isFiltered} />
      </Card>
    </>
  );
}

function NewTask() {
  return (
    <RoleButton needs="administrator" look="primary" href="/tasks/new">
      <Plus aria-hidden /> New task
    </RoleButton>
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
        <EmptyState title="No task matches">
          Search looks at task names and table names. Other tasks may be left out by the filter.
        </EmptyState>
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
        noun="task"
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
                <FirstError error={task.errors[0]} className="mt-1 max-w-56 text-xs" />
              )}
            </Td>
            <Td className="max-w-40">
              <div className="truncate" title={task.table}>
                {task.table}
              </div>
            </Td>
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

/** Red is for what somebody has to mend; what mends itself is not. */
function FirstError({ error, className }: { error: ErrorView; className: string }) {
  const ink = error.fault === "transient" ? "text-warn" : "text-bad";
  return <div className={classNames(className, ink)}>{error.title}</div>;
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
        {task.errors[0] && <FirstError error={task.errors[0]} className="mt-1 text-[13px]" />}
        <div className="mt-1 text-xs text-ink-muted">
          {formatNumber(task.account.rows, "row")} · {formatNumber(task.account.objects, "object")}{" "}
          · <TimeAgo at={task.lastDeliveredAt} empty="nothing yet" />
        </div>
      </Link>
    </li>
  );
}
