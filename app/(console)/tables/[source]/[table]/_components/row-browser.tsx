"use client";

import { FileUp, Plus, Rows3 } from "lucide-react";
import { useState } from "react";
import { Button } from "@/app/_ui/button";
import { Card } from "@/app/_ui/card";
import { formatNumber } from "@/app/_ui/format-quantity";
import { EmptyState, LoadError, SkeletonRows } from "@/app/_ui/states";
import { ProblemNotice } from "@/app/(console)/_components/problem-notice";
import { RoleButton } from "@/app/(console)/_components/role-button";
import { apiPaths } from "@/app/(console)/tables/_components/paths";
import type { RowView } from "@/lib/contracts/row-body";
import type { TableView } from "@/lib/contracts/source-body";
import { DeleteRowDialog } from "./delete-row-dialog";
import { ImportDialog } from "./import-dialog";
import { RowDialog } from "./row-dialog";
import { RowFilter } from "./row-filter";
import { RowTable } from "./row-table";
import { useRows } from "./use-rows";

type Open =
  | { readonly kind: "insert" | "import" }
  | { readonly kind: "edit"; readonly row: RowView }
  | { readonly kind: "delete"; readonly row: RowView };

export function RowBrowser({ source, table }: { source: string; table: TableView }) {
  const [filter, setFilter] = useState(() => new URLSearchParams());
  const [open, setOpen] = useState<Open | null>(null);
  const path = apiPaths.rows(source, table.name);
  const list = useRows(path, filter);
  const first = table.primaryKey[0];
  const close = () => setOpen(null);
  const insert = (
    <RoleButton needs="administrator" onClick={() => setOpen({ kind: "insert" })}>
      <Plus aria-hidden /> Insert a row
    </RoleButton>
  );
  return (
    <Card>
      <div className="flex flex-wrap items-center justify-between gap-2 border-b border-line p-3">
        {first && <RowFilter column={first} isFiltered={filter.size > 0} onApply={setFilter} />}
        <div className="flex flex-wrap gap-2">
          <RoleButton needs="administrator" onClick={() => setOpen({ kind: "import" })}>
            <FileUp aria-hidden /> Import
          </RoleButton>
          {insert}
        </div>
      </div>
      {list.rows && list.problem && (
        <div className="p-3">
          <ProblemNotice problem={list.problem} />
        </div>
      )}
      {!list.rows ? (
        list.problem ? (
          <LoadError {...list.problem} onRetry={list.reload} />
        ) : (
          <SkeletonRows />
        )
      ) : list.rows.length === 0 && !list.hasMore ? (
        filter.size > 0 ? (
          <EmptyState title="No row matches">
            The filter looks at {first?.name}, the first column of the key.
          </EmptyState>
        ) : (
          <EmptyState icon={<Rows3 aria-hidden />} title="No rows yet" action={insert}>
            Rows come from programs that write to the table, or from here.
          </EmptyState>
        )
      ) : (
        <>
          <RowTable
            table={table}
            rows={list.rows}
            onOpen={(row) => setOpen({ kind: "edit", row })}
            onDelete={(row) => setOpen({ kind: "delete", row })}
          />
          <div className="flex flex-wrap items-center justify-between gap-3 border-t border-line px-5 py-3 text-[13px] text-ink-muted">
            <span>
              {formatNumber(list.rows.length, "row")} shown
              {list.hasMore ? ", and there are more" : ", which is all"}
            </span>
            {list.hasMore && (
              <Button size="small" onClick={list.loadMore} disabled={list.isLoadingMore}>
                {list.isLoadingMore ? "Loading…" : "Show more"}
              </Button>
            )}
          </div>
        </>
      )}
      {open?.kind === "delete" && (
        <DeleteRowDialog path={path} row={open.row} onClose={close} onDeleted={list.reload} />
      )}
      {open?.kind === "import" && (
        <ImportDialog path={path} table={table} onClose={close} onWritten={list.reload} />
      )}
      {(open?.kind === "insert" || open?.kind === "edit") && (
        <RowDialog
          path={path}
          table={table}
          row={open.kind === "edit" ? open.row : null}
          onClose={close}
          onSaved={list.reload}
        />
      )}
    </Card>
  );
}
