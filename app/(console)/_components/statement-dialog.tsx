"use client";

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { callApi, problemOf } from "@/app/_api-client/request";
import { CodeBlock } from "@/app/_ui/code-block";
import { Dialog } from "@/app/_ui/dialog";
import { LoadError } from "@/app/_ui/states";
import { Tabs } from "@/app/_ui/tabs";
import type { DdlDialect, DdlView } from "@/lib/contracts/task-ddl";

const dialects: readonly { value: DdlDialect; label: string }[] = [
  { value: "hive", label: "Hive" },
  { value: "spark", label: "EMR (Spark SQL)" },
  { value: "dla", label: "Data Lake Analytics" },
  { value: "trino", label: "Trino" },
  { value: "duckdb", label: "DuckDB" },
  { value: "clickhouse", label: "ClickHouse" },
];

/** The documented dialog: the statement that makes a folder's objects a table, by dialect. */
export function StatementDialog(props: {
  /** Where the API renders it, under /api/v1; may have a query, to which the dialect is added. */
  path: string;
  title?: string;
  open: boolean;
  onOpenChange: (open: boolean) => void;
}) {
  const [dialect, setDialect] = useState<DdlDialect>("hive");
  const query = useQuery({
    queryKey: ["ddl", props.path, dialect],
    enabled: props.open,
    queryFn: ({ signal }) => {
      const separator = props.path.includes("?") ? "&" : "?";
      return callApi<DdlView>(`${props.path}${separator}dialect=${dialect}`, { signal });
    },
  });
  return (
    <Dialog
      open={props.open}
      onOpenChange={props.onOpenChange}
      wide
      title={props.title ?? "View statement to create table"}
      description="Run it where you query. It reads the objects in place and copies nothing."
    >
      <Tabs
        label="Dialect"
        tabs={dialects}
        value={dialect}
        onChange={(value) => setDialect(value as DdlDialect)}
      >
        <div className="flex flex-col gap-3 pt-4">
          {query.error ? (
            <LoadError {...problemOf(query.error)} onRetry={() => void query.refetch()} />
          ) : (
            <CodeBlock
              code={query.data?.statement ?? ""}
              label="Statement"
              busy={query.isPending}
            />
          )}
          {query.data && query.data.notes.length > 0 && (
            <ul className="list-disc pl-5 text-[13px] text-ink-muted">
              {query.data.notes.map((note) => (
                <li key={note}>{note}</li>
              ))}
            </ul>
          )}
        </div>
      </Tabs>
    </Dialog>
  );
}
