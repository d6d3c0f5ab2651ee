import Link from "next/link";
import type { ReactNode } from "react";
import { Badge } from "@/app/_ui/badge";
import { Card, CardBody, CardHeader } from "@/app/_ui/card";
import { formatBytes, formatDuration } from "@/app/_ui/format-quantity";
import { Table, Td, Th } from "@/app/_ui/table";
import type { TaskView } from "@/lib/contracts/task-view";
import { EditButton } from "./edit-settings";

const modes = {
  full: "Full: one scan of the table",
  incremental: "Incremental: changes from the task's creation on",
  differential: "Differential: one scan, then changes",
} as const;

export function TaskSettings({ task }: { task: TaskView }) {
  return (
    <div className="grid gap-5 lg:grid-cols-[1fr_1.25fr] lg:items-start">
      <Card>
        <CardHeader
          title="Delivery"
          actions={task.desiredState !== "deleted" && <EditButton task={task} />}
        />
        <CardBody>
          <dl className="grid gap-x-6 gap-y-3 text-[13px] sm:grid-cols-[9.5rem_1fr]">
            <Setting label="Source table">
              {task.table} <span className="text-ink-muted">from {task.sourceId}</span>
            </Setting>
            <Setting label="Destination">
              <Link href="/destinations" className="hover:underline">
                {task.bucket}
              </Link>{" "}
              <span className="text-ink-muted">({task.destinationId})</span>
            </Setting>
            <Setting label="Prefix">
              <code className="font-mono text-xs break-all">{task.prefix}</code>
            </Setting>
            <Setting label="Mode">{modes[task.mode]}</Setting>
            <Setting label="Folder time">
              {task.eventTime
                ? `Column ${task.eventTime.column}, ${task.eventTime.format}`
                : "Write time"}
              , {task.timeZone}
            </Setting>
            <Setting label="Flush">
              {formatBytes(task.flush.bytes)} or {formatDuration(task.flush.seconds)}, whichever
              comes first
            </Setting>
            <Setting label="Format">
              Parquet, {task.compression}
              {task.objectSuffix && `, names end in ${task.objectSuffix}`}
            </Setting>
            <Setting label="Dirty values">
              {task.dirtyPrefix === null ? (
                "Counted, not kept"
              ) : (
                <code className="font-mono text-xs break-all">{task.dirtyPrefix}</code>
              )}
            </Setting>
            <Setting label="Late after">{formatDuration(task.thresholds.lateAfterSeconds)}</Setting>
          </dl>
        </CardBody>
      </Card>
      <Card>
        <CardHeader
          title={`Schema mapping, version ${task.currentSchema.version}`}
          description={
            task.currentSchema.kind === "auto"
              ? "Generated; grows by columns as they are first seen."
              : "Set by hand; other columns are counted as unmapped."
          }
        />
        <Table>
          <thead>
            <tr>
              <Th>Source column</Th>
              <Th>Parquet column</Th>
              <Th>Type</Th>
              <Th>Encoding</Th>
            </tr>
          </thead>
          <tbody>
            {task.currentSchema.columns.map((column) => (
              <tr key={column.name}>
                <Td className="font-mono text-xs break-all">{column.source}</Td>
                <Td className="font-mono text-xs break-all">{column.name}</Td>
                <Td>{column.type}</Td>
                <Td>{column.encoding}</Td>
              </tr>
            ))}
            {task.currentSchema.metadataColumns.map((name) => (
              <tr key={name}>
                <Td>
                  <Badge>metadata</Badge>
                </Td>
                <Td className="font-mono text-xs">{name}</Td>
                <Td>{name === "_written_at" ? "INT64" : "UTF8"}</Td>
                <Td>PLAIN</Td>
              </tr>
            ))}
          </tbody>
        </Table>
      </Card>
    </div>
  );
}

function Setting({ label, children }: { label: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-ink-muted">{label}</dt>
      <dd className="min-w-0">{children}</dd>
    </>
  );
}
