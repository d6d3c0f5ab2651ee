"use client";

import { PackageOpen, Pencil, Plus, ShieldCheck, Trash2 } from "lucide-react";
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
import type { DestinationView } from "@/lib/contracts/destination-body";
import { DestinationDialog } from "./destination-dialog";
import { ProbeDialog } from "./probe-dialog";

export function DestinationList({ editId }: { editId: string | null }) {
  const list = useList<DestinationView>("/destinations");
  const [editing, setEditing] = useState<DestinationView | "new" | null>(null);
  const [probing, setProbing] = useState<DestinationView | null>(null);
  const [deleting, setDeleting] = useState<DestinationView | null>(null);
  const [asked, setAsked] = useState(editId);
  const askedFor = asked === null ? undefined : list.items?.find(({ id }) => id === asked);
  const shown = editing ?? askedFor ?? null;
  const add = (
    <RoleButton needs="administrator" look="primary" onClick={() => setEditing("new")}>
      <Plus aria-hidden /> Add a destination
    </RoleButton>
  );
  const close = () => {
    setEditing(null);
    setAsked(null);
  };
  return (
    <>
      <PageHeader
        title="Destinations"
        description="Buckets that tasks deliver to, in any S3-compatible store."
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
          <EmptyState icon={<PackageOpen aria-hidden />} title="No destinations yet" action={add}>
            A destination is a bucket and an access key that may write to it.
          </EmptyState>
        ) : (
          <>
            <DestinationTable
              destinations={list.items}
              onEdit={setEditing}
              onProbe={setProbing}
              onDelete={setDeleting}
            />
            <LoadMore
              shown={list.items.length}
              total={list.total}
              noun="destination"
              hasMore={list.hasMore}
              busy={list.isLoadingMore}
              onMore={list.loadMore}
            />
          </>
        )}
      </Card>
      {shown && (
        <DestinationDialog
          destination={shown === "new" ? null : shown}
          onClose={close}
          onSaved={list.reload}
        />
      )}
      {deleting && (
        <DeleteResourceDialog
          path={`/destinations/${encodeURIComponent(deleting.id)}`}
          name={deleting.name}
          consequence={`Culvert forgets the bucket ${deleting.bucket} and its key. What was delivered stays.`}
          onClose={() => setDeleting(null)}
          onDeleted={list.reload}
        />
      )}
      {probing && <ProbeDialog destination={probing} onClose={() => setProbing(null)} />}
    </>
  );
}

type TableProps = {
  destinations: readonly DestinationView[];
  onEdit: (destination: DestinationView) => void;
  onProbe: (destination: DestinationView) => void;
  onDelete: (destination: DestinationView) => void;
};

function DestinationTable({ destinations, onEdit, onProbe, onDelete }: TableProps) {
  return (
    <Table>
      <thead>
        <tr>
          <Th>Destination</Th>
          <Th className="hidden md:table-cell">Bucket</Th>
          <Th className="hidden lg:table-cell">Region and endpoint</Th>
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
        {destinations.map((destination) => (
          <tr key={destination.id}>
            <Td className="font-medium">
              {destination.name}
              <div className="font-mono text-xs font-normal break-all text-ink-muted">
                {destination.id}
              </div>
              <div className="mt-1 text-xs font-normal break-all text-ink-muted md:hidden">
                {destination.bucket}, {formatNumber(destination.tasks, "task")}
              </div>
            </Td>
            <Td className="hidden max-w-48 break-words md:table-cell">{destination.bucket}</Td>
            <Td className="hidden max-w-72 lg:table-cell">
              {destination.region}
              <div className="font-mono text-xs break-all text-ink-muted">
                {destination.endpoint ?? "the provider's own"}
              </div>
            </Td>
            <Td className="hidden font-mono text-xs break-all xl:table-cell">
              {destination.accessKeyId}
            </Td>
            <Td numeric className="hidden sm:table-cell">
              {formatCount(destination.tasks)}
            </Td>
            <Td className="w-px">
              <div className="flex justify-end gap-1">
                <RoleButton needs="operator" size="small" onClick={() => onProbe(destination)}>
                  <ShieldCheck aria-hidden /> Test
                </RoleButton>
                <RoleButton
                  needs="administrator"
                  look="ghost"
                  size="icon"
                  aria-label={`Edit ${destination.name}`}
                  onClick={() => onEdit(destination)}
                >
                  <Pencil />
                </RoleButton>
                <RoleButton
                  needs="administrator"
                  look="ghost"
                  size="icon"
                  aria-label={`Delete ${destination.name}`}
                  onClick={() => onDelete(destination)}
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
