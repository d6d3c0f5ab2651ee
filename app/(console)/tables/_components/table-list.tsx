"use client";

import { Plus, Search, Table2 } from "lucide-react";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { useDeferredValue, useState } from "react";
import { Card } from "@/app/_ui/card";
import { Input } from "@/app/_ui/field";
import { PageHeader } from "@/app/_ui/page-header";
import { EmptyState, LoadError, SkeletonRows } from "@/app/_ui/states";
import { LoadMore } from "@/app/(console)/_components/load-more";
import { RoleButton } from "@/app/(console)/_components/role-button";
import { useList } from "@/app/(console)/_components/use-list";
import { CreateTableDialog } from "./create-table-dialog";
import { apiPaths, pagePaths } from "./paths";
import { SourceSelect, WithSource } from "./source-select";
import { useSourceChoice } from "./use-source-choice";

export function TableList({ source: asked }: { source: string | null }) {
  const choice = useSourceChoice(asked);
  const router = useRouter();
  const [creating, setCreating] = useState(false);
  const { source } = choice;
  const create = source && (
    <RoleButton needs="administrator" look="primary" onClick={() => setCreating(true)}>
      <Plus aria-hidden /> Create a table
    </RoleButton>
  );
  return (
    <>
      <PageHeader
        title="Tables"
        description="The tables of a source: their rows, their schema and their streams."
        actions={
          <>
            <SourceSelect {...choice} />
            {create}
          </>
        }
      />
      <WithSource choice={choice}>
        {({ id }) => <Tables key={id} source={id} create={create} />}
      </WithSource>
      {creating && source && (
        <CreateTableDialog
          source={source.id}
          onClose={() => setCreating(false)}
          onCreated={(name) => router.push(pagePaths.table(source.id, name))}
        />
      )}
    </>
  );
}

function Tables({ source, create }: { source: string; create: React.ReactNode }) {
  const [search, setSearch] = useState("");
  const asked = useDeferredValue(search.trim());
  const path = apiPaths.tables(source);
  const list = useList<{ name: string }>(
    asked === "" ? path : `${path}?search=${encodeURIComponent(asked)}`,
  );
  const isFiltered = asked !== "";
  if (!list.items) {
    return (
      <Card>
        {list.problem ? <LoadError {...list.problem} onRetry={list.reload} /> : <SkeletonRows />}
      </Card>
    );
  }
  if (list.items.length === 0 && !isFiltered) {
    return (
      <Card>
        <EmptyState icon={<Table2 aria-hidden />} title="No tables yet" action={create}>
          A table has a primary key of one to four columns; its rows may hold any other columns.
        </EmptyState>
      </Card>
    );
  }
  return (
    <Card>
      <div className="border-b border-line p-3">
        <div className="relative w-full sm:max-w-xs">
          <Search
            aria-hidden
            className="pointer-events-none absolute top-2.5 left-3 size-4 text-ink-faint"
          />
          <Input
            type="search"
            aria-label="Search tables by name"
            placeholder="Search by name"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
            className="pl-9"
          />
        </div>
      </div>
      {list.items.length === 0 ? (
        <EmptyState title="No table matches">No table's name contains “{asked}”.</EmptyState>
      ) : (
        <>
          <ul className="divide-y divide-line">
            {list.items.map(({ name }) => (
              <li key={name}>
                <Link
                  href={pagePaths.table(source, name)}
                  className="block px-5 py-3 font-mono text-[13px] font-medium break-all transition-colors hover:bg-sunken"
                >
                  {name}
                </Link>
              </li>
            ))}
          </ul>
          <LoadMore
            shown={list.items.length}
            total={list.total}
            noun="table"
            hasMore={list.hasMore}
            busy={list.isLoadingMore}
            onMore={list.loadMore}
          />
        </>
      )}
    </Card>
  );
}
