"use client";

import { Badge, type Tone } from "@/app/_ui/badge";
import { Card, CardHeader } from "@/app/_ui/card";
import { formatBytes, formatCount, formatDuration, formatNumber } from "@/app/_ui/format-quantity";
import { EmptyState, LoadError, SkeletonRows } from "@/app/_ui/states";
import { Table, Td, Th } from "@/app/_ui/table";
import { TimeAgo } from "@/app/_ui/time-ago";
import { LoadMore } from "@/app/(console)/_components/load-more";
import { useList } from "@/app/(console)/_components/use-list";
import { datasetApi } from "@/app/(console)/datasets/_components/dataset-paths";
import type { DatasetView } from "@/lib/contracts/dataset-body";
import type { StreamSessionView } from "@/lib/contracts/stream-session-body";
import { EndSessionButton } from "./end-session-button";

const wideOnly = "hidden lg:table-cell";
/** On a phone it stands in the first column. */
const statusOnly = "hidden sm:table-cell";

const statusLooks: Readonly<Record<StreamSessionView["status"], { label: string; tone: Tone }>> = {
  normal: { label: "takes rows", tone: "good" },
  ended: { label: "ended", tone: "neutral" },
  expired: { label: "expired", tone: "neutral" },
};

export function StreamSessions({ dataset }: { dataset: DatasetView }) {
  const list = useList<StreamSessionView>(datasetApi.streams(dataset.name), {
    live: true,
    limit: 20,
  });
  return (
    <Card>
      <CardHeader
        title="Stream sessions"
        description="Programs send packs of rows; each is visible once it is answered."
      />
      {!list.items ? (
        list.problem ? (
          <LoadError {...list.problem} onRetry={list.reload} />
        ) : (
          <SkeletonRows rows={3} />
        )
      ) : list.items.length === 0 ? (
        <EmptyState title="No stream sessions yet">
          A program makes one over the API, as README shows with curl.
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
  dataset: DatasetView;
  sessions: readonly StreamSessionView[];
  onEnded: () => void;
}) {
  const { dataset } = props;
  return (
    <Table>
      <thead>
        <tr>
          <Th>Session</Th>
          <Th className={statusOnly}>Status</Th>
          <Th numeric className={wideOnly}>
            Flushes
          </Th>
          <Th numeric className={wideOnly}>
            Rows
          </Th>
          <Th className={wideOnly}>Last flush</Th>
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
              <div className="font-mono text-xs break-all">{session.id}</div>
              <div className="mt-0.5 text-xs text-ink-muted">{describe(session)}</div>
              {session.status === "normal" && session.schemaVersion !== dataset.schemaVersion && (
                <Badge tone="warn" className="mt-1">
                  waits to take version {dataset.schemaVersion}
                </Badge>
              )}
              <div className="mt-1.5 sm:hidden">
                <Status session={session} />
              </div>
              <p className="mt-1 text-xs text-ink-muted lg:hidden">
                {formatCount(session.flushes)} {session.flushes === 1 ? "flush" : "flushes"} ·{" "}
                {formatNumber(session.rows, "row")}
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
              {formatCount(session.flushes)}
            </Td>
            <Td numeric className={wideOnly}>
              {formatCount(session.rows)}
              <div className="text-xs whitespace-nowrap text-ink-muted">
                {formatBytes(session.bytes)}
              </div>
            </Td>
            <Td className={wideOnly}>
              <TimeAgo at={session.lastFlushAt} empty="none yet" />
            </Td>
            <Td className={wideOnly}>
              <TimeAgo at={session.status === "normal" ? session.expiresAt : null} />
            </Td>
            <Td className="w-px">
              {session.status === "normal" && (
                <EndSessionButton
                  path={datasetApi.stream(dataset.name, session.id)}
                  label="End"
                  subject={session.id}
                  title="End the stream session?"
                  consequence="What it flushed stays visible. Programs that go on sending are refused."
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

function describe({ slots, flush, partitions, schemaVersion }: StreamSessionView): string {
  const seconds = flush.milliseconds / 1_000;
  const window = seconds < 1 ? `${flush.milliseconds} ms` : formatDuration(seconds);
  return `${formatNumber(slots, "slot")}, an object per ${window} or ${formatBytes(flush.bytes)}, ${formatNumber(partitions, "partition")}, schema version ${schemaVersion}`;
}

function Status({ session }: { session: StreamSessionView }) {
  const { label, tone } = statusLooks[session.status];
  return (
    <Badge dot tone={tone}>
      {label}
    </Badge>
  );
}
