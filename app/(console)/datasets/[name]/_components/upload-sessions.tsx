"use client";

import { Badge, type Tone } from "@/app/_ui/badge";
import { Card, CardHeader } from "@/app/_ui/card";
import { formatBytes, formatCount, formatNumber } from "@/app/_ui/format-quantity";
import { EmptyState, LoadError, SkeletonRows } from "@/app/_ui/states";
import { Table, Td, Th } from "@/app/_ui/table";
import { TimeAgo } from "@/app/_ui/time-ago";
import { LoadMore } from "@/app/(console)/_components/load-more";
import { useList } from "@/app/(console)/_components/use-list";
import { datasetApi } from "@/app/(console)/datasets/_components/dataset-paths";
import type { UploadSessionView } from "@/lib/contracts/upload-session-body";
import { EndSessionButton } from "./end-session-button";

const wideOnly = "hidden lg:table-cell";
/** On a phone it stands in the first column. */
const statusOnly = "hidden sm:table-cell";

const statusLooks: Readonly<Record<UploadSessionView["status"], { label: string; tone: Tone }>> = {
  normal: { label: "takes blocks", tone: "busy" },
  committing: { label: "committing", tone: "busy" },
  committed: { label: "visible", tone: "good" },
  critical: { label: "lost by the store", tone: "bad" },
  aborted: { label: "aborted", tone: "neutral" },
  expired: { label: "expired", tone: "neutral" },
};

export function UploadSessions({ dataset }: { dataset: string }) {
  const list = useList<UploadSessionView>(datasetApi.uploads(dataset), { live: true, limit: 20 });
  return (
    <Card>
      <CardHeader
        title="Upload sessions"
        description="The blocks of one become visible together when it is committed. It takes blocks for 24 hours."
      />
      {!list.items ? (
        list.problem ? (
          <LoadError {...list.problem} onRetry={list.reload} />
        ) : (
          <SkeletonRows rows={3} />
        )
      ) : list.items.length === 0 ? (
        <EmptyState title="No upload sessions yet">
          “Upload” above makes one for your files; curl makes one as README shows.
        </EmptyState>
      ) : (
        <>
          <Sessions dataset={dataset} sessions={list.items} onEnded={list.reload} />
          <LoadMore
            shown={list.items.length}
            total={list.total}
            noun="session"
            hasMore={list.hasMore}
            busy={list.isLoadingMore}
            onMore={list.loadMore}
          />
        </>
      )}
    </Card>
  );
}

function Sessions(props: {
  dataset: string;
  sessions: readonly UploadSessionView[];
  onEnded: () => void;
}) {
  return (
    <Table>
      <thead>
        <tr>
          <Th>Session</Th>
          <Th className={statusOnly}>Status</Th>
          <Th numeric className={wideOnly}>
            Blocks
          </Th>
          <Th numeric className={wideOnly}>
            Rows
          </Th>
          <Th numeric className={wideOnly}>
            Size
          </Th>
          <Th className={wideOnly}>Ends</Th>
          <Th>
            <span className="sr-only">Actions</span>
          </Th>
        </tr>
      </thead>
      <tbody>
        {props.sessions.map((session) => (
          <tr key={session.id}>
            <Td className="lg:min-w-56">
              <div className="font-medium break-all">
                {session.partition === "" ? "The whole dataset" : session.partition}
                {session.overwrite && (
                  <Badge tone="warn" className="sm:ml-2">
                    overwrite
                  </Badge>
                )}
              </div>
              <div className="mt-0.5 font-mono text-xs break-all text-ink-muted">{session.id}</div>
              <div className="mt-0.5 text-xs text-ink-muted">
                created <TimeAgo at={session.createdAt} />
              </div>
              <div className="mt-1.5 sm:hidden">
                <Status session={session} />
              </div>
              <p className="mt-1 text-xs text-ink-muted lg:hidden">
                {formatNumber(session.blocks, "block")} · {formatNumber(session.rows, "row")} ·{" "}
                {formatBytes(session.bytes)}
                {session.status === "normal" && (
                  <>
                    {" "}
                    · ends <TimeAgo at={session.expiresAt} />
                  </>
                )}
              </p>
            </Td>
            <Td className={statusOnly}>
              <Status session={session} />
            </Td>
            <Td numeric className={wideOnly}>
              {formatCount(session.blocks)}
            </Td>
            <Td numeric className={wideOnly}>
              {formatCount(session.rows)}
            </Td>
            <Td numeric className={`${wideOnly} whitespace-nowrap`}>
              {formatBytes(session.bytes)}
            </Td>
            <Td className={wideOnly}>
              <TimeAgo at={session.status === "normal" ? session.expiresAt : null} />
            </Td>
            <Td className="w-px">
              {session.status === "normal" && (
                <EndSessionButton
                  path={datasetApi.upload(props.dataset, session.id)}
                  label="Abort"
                  subject={session.id}
                  title="Abort the upload session?"
                  consequence={`Its ${formatNumber(session.blocks, "block")} with ${formatNumber(session.rows, "row")} are given up. Nothing of it was visible.`}
                  onEnded={props.onEnded}
                />
              )}
            </Td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

function Status({ session }: { session: UploadSessionView }) {
  const { label, tone } = statusLooks[session.status];
  return (
    <Badge dot tone={tone}>
      {label}
    </Badge>
  );
}
