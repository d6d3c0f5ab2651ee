"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { callApi, problemOf } from "@/app/_api-client/request";
import { formatNumber } from "@/app/_ui/format-quantity";
import { PageHeader } from "@/app/_ui/page-header";
import { LoadError, Skeleton } from "@/app/_ui/states";
import { Tabs } from "@/app/_ui/tabs";
import { RoleButton } from "@/app/(console)/_components/role-button";
import { apiPaths, pagePaths } from "@/app/(console)/tables/_components/paths";
import { TunnelList } from "@/app/(console)/tunnels/_components/tunnel-list";
import type { TableView } from "@/lib/contracts/source-body";
import { DeleteTableDialog } from "./delete-table-dialog";
import { RowBrowser } from "./row-browser";
import { TableSchema } from "./table-schema";
import { TableSettings } from "./table-settings";

const tabs = [
  { value: "rows", label: "Rows" },
  { value: "schema", label: "Schema" },
  { value: "settings", label: "Settings" },
  { value: "tunnels", label: "Tunnels" },
] as const;

export function TablePage(props: { source: string; table: string; tab: string | null }) {
  const { source, table } = props;
  const router = useRouter();
  const client = useQueryClient();
  const [deleting, setDeleting] = useState(false);
  const [tab, setTab] = useState<string>(
    tabs.find(({ value }) => value === props.tab)?.value ?? "rows",
  );
  const show = (next: string) => {
    setTab(next);
    // Not a navigation: the page stays, only its address says which tab is open.
    const address = next === "rows" ? window.location.pathname : `?tab=${next}`;
    window.history.replaceState(null, "", address);
  };
  const queryKey = ["table", source, table];
  const query = useQuery({
    queryKey,
    queryFn: ({ signal }) => callApi<TableView>(apiPaths.table(source, table), { signal }),
  });
  const parents = [{ href: pagePaths.tables(source), label: "Tables" }];
  const view = query.data;
  if (!view) {
    return (
      <>
        <PageHeader title={table} parents={parents} />
        {query.error ? (
          <LoadError {...problemOf(query.error)} onRetry={() => void query.refetch()} />
        ) : (
          <div role="status" aria-label="Loading" className="flex flex-col gap-5">
            <Skeleton className="h-9 w-80 max-w-full" />
            <Skeleton className="h-64 rounded-xl" />
          </div>
        )}
      </>
    );
  }
  return (
    <>
      <PageHeader
        title={<span className="break-all">{view.name}</span>}
        parents={parents}
        description={describe(view)}
        actions={
          <RoleButton
            needs="administrator"
            look="ghost"
            size="icon"
            aria-label="Delete the table"
            title="Delete"
            onClick={() => setDeleting(true)}
          >
            <Trash2 />
          </RoleButton>
        }
      />
      <Tabs label="Table" tabs={tabs} value={tab} onChange={show}>
        <div className="pt-5">
          {tab === "rows" && <RowBrowser source={source} table={view} />}
          {tab === "schema" && <TableSchema table={view} />}
          {tab === "settings" && (
            <TableSettings
              source={source}
              table={view}
              onSaved={(saved) => client.setQueryData(queryKey, saved)}
            />
          )}
          {tab === "tunnels" && <TunnelList source={source} table={table} />}
        </div>
      </Tabs>
      {deleting && (
        <DeleteTableDialog
          source={source}
          table={view}
          onClose={() => setDeleting(false)}
          onDeleted={() => router.push(pagePaths.tables(source))}
        />
      )}
    </>
  );
}

function describe(table: TableView): string {
  const hours = table.streamExpirationHours;
  const stream = hours === null ? "Stream off." : `Stream on, keeps changes for ${hours} h.`;
  return table.tasks.length === 0
    ? `${stream} Read by no task.`
    : `${stream} Read by ${formatNumber(table.tasks.length, "task")}: ${table.tasks.join(", ")}.`;
}
