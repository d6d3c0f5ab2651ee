"use client";

import { useQuery } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { callApi, problemOf } from "@/app/_api-client/request";
import { Notice } from "@/app/_ui/notice";
import { PageHeader } from "@/app/_ui/page-header";
import { LoadError, Skeleton } from "@/app/_ui/states";
import { DeleteResourceDialog } from "@/app/(console)/_components/delete-resource-dialog";
import { ProblemNotice } from "@/app/(console)/_components/problem-notice";
import { RoleButton } from "@/app/(console)/_components/role-button";
import { apiPaths, pagePaths } from "@/app/(console)/tables/_components/paths";
import { TunnelStage } from "@/app/(console)/tunnels/_components/tunnel-list";
import { typeWords } from "@/app/(console)/tunnels/_components/tunnel-words";
import type { TunnelView } from "@/lib/contracts/tunnel-body";
import { SplitChannelDialog } from "./split-channel-dialog";
import { TunnelChannels } from "./tunnel-channels";
import { TunnelFigures } from "./tunnel-figures";
import { useLatencySamples } from "./use-latency-samples";

const liveEveryMs = 2_000;

export function TunnelPage(props: { source: string; table: string; tunnel: string }) {
  const { source, table, tunnel: name } = props;
  const router = useRouter();
  const [deleting, setDeleting] = useState(false);
  const [splitting, setSplitting] = useState<string | null>(null);
  const path = apiPaths.tunnel(source, table, name);
  const query = useQuery({
    queryKey: [path],
    queryFn: ({ signal }) => callApi<TunnelView>(path, { signal }),
    refetchInterval: liveEveryMs,
  });
  const tunnel = query.data;
  const samples = useLatencySamples(tunnel?.latencySeconds ?? null, query.dataUpdatedAt);
  const parents = [{ href: pagePaths.tunnels(source), label: "Tunnels" }];
  const title = <span className="break-all">{name}</span>;
  if (!tunnel) {
    return (
      <>
        <PageHeader title={title} parents={parents} />
        {query.error ? (
          <LoadError {...problemOf(query.error)} onRetry={() => void query.refetch()} />
        ) : (
          <div role="status" aria-label="Loading" className="flex flex-col gap-5">
            <Skeleton className="h-24 rounded-xl" />
            <Skeleton className="h-48 rounded-xl" />
          </div>
        )}
      </>
    );
  }
  return (
    <>
      <PageHeader
        title={title}
        parents={parents}
        badge={<TunnelStage tunnel={tunnel} />}
        description={
          <>
            {tunnel.type}: {typeWords[tunnel.type]}, of{" "}
            <Link
              href={pagePaths.table(source, table)}
              className="rounded font-mono text-xs break-all text-accent hover:underline"
            >
              {table}
            </Link>
          </>
        }
        actions={
          <RoleButton
            needs="administrator"
            look="ghost"
            size="icon"
            aria-label="Delete the tunnel"
            title="Delete"
            onClick={() => setDeleting(true)}
          >
            <Trash2 />
          </RoleButton>
        }
      />
      <div className="flex flex-col gap-5">
        {query.error && <ProblemNotice problem={problemOf(query.error)} />}
        {tunnel.expired && (
          <Notice tone="bad" title="The stream was trimmed before it was read">
            <p>
              The table keeps changes for {tunnel.streamExpirationHours ?? 0} hours, and a channel
              fell behind that. Its reader has to start again with a new tunnel.
            </p>
          </Notice>
        )}
        <TunnelFigures tunnel={tunnel} latencySamples={samples} />
        <TunnelChannels channels={tunnel.channels} onSplit={setSplitting} />
      </div>
      {splitting !== null && (
        <SplitChannelDialog path={path} channelId={splitting} onClose={() => setSplitting(null)} />
      )}
      {deleting && (
        <DeleteResourceDialog
          path={path}
          name="the tunnel"
          consequence="Its readers lose their position in the stream. The table's rows stay."
          onClose={() => setDeleting(false)}
          onDeleted={() => router.push(pagePaths.tunnels(source))}
        />
      )}
    </>
  );
}
