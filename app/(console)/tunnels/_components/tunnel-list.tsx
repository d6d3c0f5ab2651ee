"use client";

import { Cable, Plus } from "lucide-react";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { type ReactNode, useState } from "react";
import { Badge } from "@/app/_ui/badge";
import { Card } from "@/app/_ui/card";
import { EmptyState, LoadError, SkeletonRows } from "@/app/_ui/states";
import { Table, Td, Th } from "@/app/_ui/table";
import { TimeAgo } from "@/app/_ui/time-ago";
import { LoadMore } from "@/app/(console)/_components/load-more";
import { RoleButton } from "@/app/(console)/_components/role-button";
import { useList } from "@/app/(console)/_components/use-list";
import { apiPaths, pagePaths } from "@/app/(console)/tables/_components/paths";
import type { TunnelSummaryView } from "@/lib/contracts/tunnel-body";
import { CreateTunnelDialog } from "./create-tunnel-dialog";
import { TableSelect } from "./table-select";
import { stageWords, typeWords } from "./tunnel-words";

/** The tunnels of one table, or of all tables of a source with a choice of one. */
export function TunnelList(props: { source: string; table: string | null }) {
  const { source } = props;
  const router = useRouter();
  const [chosen, setChosen] = useState<string | null>(null);
  const [creating, setCreating] = useState(false);
  const table = props.table ?? chosen;
  const all = apiPaths.allTunnels(source);
  // Of all tables it takes one question to the source per table: too much to repeat by itself.
  const list = useList<TunnelSummaryView>(
    table === null ? all : `${all}?table=${encodeURIComponent(table)}`,
    { live: table !== null },
  );
  const create = (
    <RoleButton needs="administrator" onClick={() => setCreating(true)}>
      <Plus aria-hidden /> Create a tunnel
    </RoleButton>
  );
  return (
    <Card>
      <div className="flex flex-wrap items-center justify-between gap-2 border-b border-line p-3">
        {props.table === null ? (
          <TableSelect
            source={source}
            label="Tunnels of"
            empty="All tables"
            value={chosen}
            onChange={setChosen}
            className="sm:w-64"
          />
        ) : (
          <span className="px-2 text-[13px] text-ink-muted">
            Each reader has a tunnel of its own.
          </span>
        )}
        {create}
      </div>
      {!list.items ? (
        list.problem ? (
          <LoadError {...list.problem} onRetry={list.reload} />
        ) : (
          <SkeletonRows />
        )
      ) : list.items.length === 0 ? (
        <EmptyState icon={<Cable aria-hidden />} title="No tunnels yet">
          A delivery task makes the tunnel that it reads. Programs of your own can read one, too.
        </EmptyState>
      ) : (
        <>
          <Tunnels source={source} tunnels={list.items} withTable={props.table === null} />
          <LoadMore
            shown={list.items.length}
            total={list.total}
            noun="tunnel"
            hasMore={list.hasMore}
            busy={list.isLoadingMore}
            onMore={list.loadMore}
          />
        </>
      )}
      {creating && (
        <CreateTunnelDialog
          source={source}
          table={table}
          onClose={() => setCreating(false)}
          onCreated={(made) => router.push(pagePaths.tunnel(source, made.table, made.name))}
        />
      )}
    </Card>
  );
}

function Tunnels(props: {
  source: string;
  tunnels: readonly TunnelSummaryView[];
  withTable: boolean;
}) {
  return (
    <Table>
      <thead>
        <tr>
          <Th>Tunnel</Th>
          {props.withTable && <Th className="hidden sm:table-cell">Table</Th>}
          <Th className="hidden md:table-cell">Type</Th>
          <Th>Stage</Th>
          <Th className="hidden sm:table-cell">Task</Th>
          <Th className="hidden lg:table-cell">Created</Th>
        </tr>
      </thead>
      <tbody>
        {props.tunnels.map((tunnel) => (
          <tr key={tunnel.tunnelId}>
            <Td className="font-medium">
              <Link
                href={pagePaths.tunnel(props.source, tunnel.table, tunnel.name)}
                className="rounded font-mono text-xs break-all text-accent hover:underline"
              >
                {tunnel.name}
              </Link>
              <div className="mt-0.5 text-xs font-normal break-all text-ink-muted sm:hidden">
                {props.withTable && `${tunnel.table}, `}
                {tunnel.task === null ? "no task" : `task ${tunnel.task}`}
              </div>
            </Td>
            {props.withTable && (
              <Td className="hidden font-mono text-xs break-all sm:table-cell">{tunnel.table}</Td>
            )}
            <Td className="hidden md:table-cell">{typeWords[tunnel.type]}</Td>
            <Td>
              <TunnelStage tunnel={tunnel} />
            </Td>
            <Td className="hidden sm:table-cell">
              <TaskLink task={tunnel.task} />
            </Td>
            <Td className="hidden lg:table-cell">
              <TimeAgo at={tunnel.createdAt} />
            </Td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

export function TunnelStage({ tunnel }: { tunnel: TunnelSummaryView }): ReactNode {
  if (tunnel.expired) return <Badge tone="bad">expired</Badge>;
  return <Badge tone="neutral">{stageWords[tunnel.stage]}</Badge>;
}

export function TaskLink({ task }: { task: string | null }): ReactNode {
  if (task === null) return <span className="text-ink-faint">–</span>;
  return (
    <Link
      href={`/tasks/${encodeURIComponent(task)}`}
      className="rounded text-accent hover:underline"
    >
      {task}
    </Link>
  );
}
