"use client";

import { Plus } from "lucide-react";
import Link from "next/link";
import { type ReactNode, useState } from "react";
import { Badge } from "@/app/_ui/badge";
import { Card, CardBody, CardHeader } from "@/app/_ui/card";
import { classNames } from "@/app/_ui/class-names";
import { formatInstant } from "@/app/_ui/format-instant";
import { formatBytes, formatCount } from "@/app/_ui/format-quantity";
import { Table, Td, Th } from "@/app/_ui/table";
import { RoleButton } from "@/app/(console)/_components/role-button";
import type { DatasetView } from "@/lib/contracts/dataset-body";
import { AddColumnsDialog } from "./add-columns-dialog";

export function DatasetOverview({ dataset }: { dataset: DatasetView }) {
  return (
    <div className="flex flex-col gap-5">
      <div className="grid grid-cols-2 gap-3 sm:grid-cols-3">
        <Figure label="Rows" value={formatCount(dataset.rows)} note="decided and not replaced" />
        <Figure
          label="Objects"
          value={formatCount(dataset.objects)}
          note={dataset.objects === 0 ? "none yet" : `${sizePerObject(dataset)} each, on average`}
        />
        <Figure
          label="Size"
          value={formatBytes(dataset.bytes)}
          note={`Parquet, ${dataset.compression}`}
          className="max-sm:col-span-2"
        />
      </div>
      <div className="grid gap-5 lg:grid-cols-[1fr_1.25fr] lg:items-start">
        <PlaceCard dataset={dataset} />
        <SchemaCard dataset={dataset} />
      </div>
    </div>
  );
}

function sizePerObject({ bytes, objects }: DatasetView): string {
  return formatBytes(bytes / objects);
}

function Figure(props: { label: string; value: ReactNode; note: ReactNode; className?: string }) {
  const { label, value, note, className } = props;
  return (
    <Card className={classNames("px-4 py-3.5", className)}>
      <p className="text-xs font-medium text-ink-muted">{label}</p>
      <p className="mt-1 text-lg font-semibold tracking-tight tabular-nums sm:text-xl">{value}</p>
      <p className="mt-0.5 text-xs text-ink-muted">{note}</p>
    </Card>
  );
}

function PlaceCard({ dataset }: { dataset: DatasetView }) {
  return (
    <Card>
      <CardHeader title="Place" />
      <CardBody>
        <dl className="grid gap-x-6 gap-y-3 text-[13px] sm:grid-cols-[8.5rem_1fr]">
          <Fact label="Written by">
            {dataset.origin === "task" ? (
              <>
                only the task{" "}
                <Link
                  href={`/tasks/${encodeURIComponent(dataset.name)}`}
                  className="rounded text-accent hover:underline"
                >
                  {dataset.name}
                </Link>
              </>
            ) : (
              "upload sessions and stream sessions"
            )}
          </Fact>
          <Fact label="Destination">
            <Link href="/destinations" className="hover:underline">
              {dataset.bucket}
            </Link>{" "}
            <span className="text-ink-muted">({dataset.destinationId})</span>
          </Fact>
          <Fact label={dataset.origin === "task" ? "Prefix" : "Folder"}>
            <code className="font-mono text-xs break-all">{dataset.folder}</code>
          </Fact>
          <Fact label="Partition columns">
            {dataset.partitionColumns.length === 0 ? (
              <span className="text-ink-muted">none</span>
            ) : (
              <code className="font-mono text-xs break-all">
                {dataset.partitionColumns.join(", ")}
              </code>
            )}
          </Fact>
          <Fact label="Created">{formatInstant(dataset.createdAt)}</Fact>
        </dl>
      </CardBody>
    </Card>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-ink-muted">{label}</dt>
      <dd className="min-w-0">{children}</dd>
    </>
  );
}

function SchemaCard({ dataset }: { dataset: DatasetView }) {
  const [adding, setAdding] = useState(false);
  return (
    <Card>
      <CardHeader
        title={`Schema, version ${dataset.schemaVersion}`}
        description={
          dataset.origin === "task"
            ? "The task's schema mapping makes it."
            : "Older objects have null in newer columns."
        }
        actions={
          dataset.origin === "dataset" && (
            <RoleButton needs="administrator" size="small" onClick={() => setAdding(true)}>
              <Plus aria-hidden /> Add columns
            </RoleButton>
          )
        }
      />
      <Table>
        <thead>
          <tr>
            <Th>Column</Th>
            <Th>Type</Th>
          </tr>
        </thead>
        <tbody>
          {dataset.columns.map(({ name, type }) => (
            <tr key={name}>
              <Td className="font-mono text-xs break-all">{name}</Td>
              <Td>{type}</Td>
            </tr>
          ))}
          {dataset.partitionColumns.map((name) => (
            <tr key={`folder ${name}`}>
              <Td className="font-mono text-xs break-all">{name}</Td>
              <Td>
                <Badge>folder</Badge>
              </Td>
            </tr>
          ))}
        </tbody>
      </Table>
      {adding && <AddColumnsDialog dataset={dataset} onClose={() => setAdding(false)} />}
    </Card>
  );
}
