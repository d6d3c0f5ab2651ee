"use client";

import { Database, Pencil, Plus } from "lucide-react";
import { useState } from "react";
import { Button } from "@/app/_ui/button";
import { Card } from "@/app/_ui/card";
import { formatCount } from "@/app/_ui/format-quantity";
import { PageHeader } from "@/app/_ui/page-header";
import { EmptyState, LoadError, SkeletonRows } from "@/app/_ui/states";
import { Table, Td, Th } from "@/app/_ui/table";
import { LoadMore } from "@/app/(console)/_components/load-more";
import { useList } from "@/app/(console)/_components/use-list";
import type { SourceView } from "@/lib/contracts/source-body";
import { SourceDialog } from "./source-dialog";

export function SourceList() {
  const list = useList<SourceView>("/sources");
  const [editing, setEditing] = useState<SourceView | "new" | null>(null);
  const add = (
    <Button look="primary" onClick={() => setEditing("new")}>
      <Plus aria-hidden /> Add a source
    </Button>
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
            <Table>
              <thead>
                <tr>
                  <Th>Source</Th>
                  <Th>Endpoint</Th>
                  <Th>Instance</Th>
                  <Th>Access key</Th>
                  <Th numeric>Tasks</Th>
                  <Th>
                    <span className="sr-only">Actions</span>
                  </Th>
                </tr>
              </thead>
              <tbody>
                {list.items.map((source) => (
                  <tr key={source.id}>
                    <Td className="font-medium">
                      {source.name}
                      <div className="font-mono text-xs font-normal text-ink-muted">
                        {source.id}
                      </div>
                    </Td>
                    <Td className="max-w-72 font-mono text-xs break-all">{source.endpoint}</Td>
                    <Td>{source.instance}</Td>
                    <Td className="font-mono text-xs">{source.accessKeyId}</Td>
                    <Td numeric>{formatCount(source.tasks)}</Td>
                    <Td className="w-px">
                      <Button
                        look="ghost"
                        size="icon"
                        aria-label={`Edit ${source.name}`}
                        onClick={() => setEditing(source)}
                      >
                        <Pencil />
                      </Button>
                    </Td>
                  </tr>
                ))}
              </tbody>
            </Table>
            <LoadMore
              shown={list.items.length}
              total={list.total}
              noun="sources"
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
    </>
  );
}
