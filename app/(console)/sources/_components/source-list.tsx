"use client";

import { Database, Pencil, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { Card } from "@/app/_ui/card";
import { formatCount, formatNumber } from "@/app/_ui/format-quantity";
import { PageHeader } from "@/app/_ui/page-header";
import { EmptyState, LoadError, SkeletonRows } from "@/app/_ui/states";
import { Table, Td, Th } from "@/app/_ui/table";
import { DeleteResourceDialog } from "@/app/(console)/_components/delete-resource-dialog";
import { LoadMore } from "@/app/(console)/_components/load-more";
import { RoleButton } from "@/app/(console)/_components/role-button";
import { useList } from "@/app/(console)/_components/use-list";
import type { SourceView } from "@/lib/contracts/source-body";
import { SourceDialog } from "./source-dialog";

export function SourceList() {
  const list = useList<SourceView>("/sources");
  const [editing, setEditing] = useState<SourceView | "new" | null>(null);
  const [deleting, setDeleting] = useState<SourceView | null>(null);
  const add = (
    <RoleButton needs="administrator" look="primary" onClick={() => setEditing("new")}>
      <Plus aria-hidden /> Add a source
    </RoleButton>
  );
  return (
    <>
      <PageHeader
        title="Sources"
        description="Places that tables are read from: the embedded table store, or an instance of Tablestore."
        actions={add}
      />
      <Card>
        {!list.items ? (
          list.problem ? (
            <LoadError {...list.problem} onRetry={list.reload} />
          ) : (
            <SkeletonRows rows={3} />
          )
        ) : list.items.length === 0 ? (
          <EmptyState icon={<Database aria-hidden />} title="No sources yet" action={add}>
            A source is an endpoint, an instance and an access key that may read its tables and use
            its tunnels.
          </EmptyState>
        ) : (
          <>
            <SourceTable sources={list.items} onEdit={setEditing} onDelete={setDeleting} />
            <LoadMore
              shown={list.items.length}
              total={list.total}
              noun="source"
              hasMore={list.hasMore}
              busy={list.isLoadingMore}
              onMore={list.loadMore}
            />
          </>
        )}
      </Card>
      {editing && (
        <SourceDialog
          source={editing === "new" ? null : editing}
          onClose={() => setEditing(null)}
          onSaved={list.reload}
        />
      )}
      {deleting && (
        <DeleteResourceDialog
          path={`/sources/${encodeURIComponent(deleting.id)}`}
          name={deleting.name}
          consequence={`Culvert forgets the instance ${deleting.instance} and its key. Its tables stay as they are.`}
          onClose={() => setDeleting(null)}
          onDeleted={list.reload}
        />
      )}
    </>
  );
}

type TableProps = {
  sources: readonly SourceView[];
  onEdit: (source: SourceView) => void;
  onDelete: (source: SourceView) => void;
};

function SourceTable({ sources, onEdit, onDelete }: TableProps) {
  return (
    <Table>
      <thead>
        <tr>
          <Th>Source</Th>
          <Th className="hidden md:table-cell">Instance</Th>
          <Th className="hidden lg:table-cell">Endpoint</Th>
          <Th className="hidden xl:table-cell">Access key</Th>
          <Th numeric className="hidden sm:table-cell">
            Tasks
          </Th>
          <Th>
            <span className="sr-only">Actions</span>
          </Th>
        </tr>
      </thead>
      <tbody>
        {sources.map((source) => (
          <tr key={source.id}>
            <Td className="font-medium">
              {source.name}
              <div className="font-mono text-xs font-normal break-all text-ink-muted">
                {source.id}
              </div>
              <div className="mt-1 text-xs font-normal break-all text-ink-muted md:hidden">
                {source.instance}, {formatNumber(source.tasks, "task")}
              </div>
            </Td>
            <Td className="hidden md:table-cell">{source.instance}</Td>
            <Td className="hidden max-w-72 font-mono text-xs break-all lg:table-cell">
              {source.endpoint}
            </Td>
            <Td className="hidden font-mono text-xs break-all xl:table-cell">
              {source.accessKeyId}
            </Td>
            <Td numeric className="hidden sm:table-cell">
              {formatCount(source.tasks)}
            </Td>
            <Td className="w-px">
              <div className="flex justify-end gap-1">
                <RoleButton
                  needs="administrator"
                  look="ghost"
                  size="icon"
                  aria-label={`Edit ${source.name}`}
                  onClick={() => onEdit(source)}
                >
                  <Pencil />
                </RoleButton>
                <RoleButton
                  needs="administrator"
                  look="ghost"
                  size="icon"
                  aria-label={`Delete ${source.name}`}
                  onClick={() => onDelete(source)}
                >
                  <Trash2 />
                </RoleButton>
              </div>
            </Td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}
