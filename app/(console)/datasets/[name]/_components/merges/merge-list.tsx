"use client";

import { Badge } from "@/app/_ui/badge";
import { Card, CardHeader } from "@/app/_ui/card";
import { formatBytes, formatCount, formatNumber } from "@/app/_ui/format-quantity";
import { EmptyState, LoadError, SkeletonRows } from "@/app/_ui/states";
import { Table, Td, Th } from "@/app/_ui/table";
import { TimeAgo } from "@/app/_ui/time-ago";
import { LoadMore } from "@/app/(console)/_components/load-more";
import type { useList } from "@/app/(console)/_components/use-list";
import type { MergeView } from "@/lib/contracts/merge-body";
import { orderWords, stateLooks } from "./merge-words";

const wideOnly = "hidden md:table-cell";

export function MergeList({ list }: { list: ReturnType<typeof useList<MergeView>> }) {
  return (
    <Card>
      <CardHeader
        title="Merges"
        description="Each is of one partition, and checked before its copy becomes visible: rows and content are equal."
      />
      {!list.items ? (
        list.problem ? (
          <LoadError {...list.problem} onRetry={list.reload} />
        ) : (
          <SkeletonRows rows={3} />
        )
      ) : list.items.length === 0 ? (
        <EmptyState title="No merges yet">
          One begins when a partition has enough small objects, or when somebody asks for it.
        </EmptyState>
      ) : (
        <>
          <Merges merges={list.items} />
          <LoadMore
            shown={list.items.length}
            total={list.total}
            noun="merge"
            hasMore={list.hasMore}
            busy={list.isLoadingMore}
            onMore={list.loadMore}
          />
        </>
      )}
    </Card>
  );
}

function Merges({ merges }: { merges: readonly MergeView[] }) {
  return (
    <Table>
      <thead>
        <tr>
          <Th>Partition</Th>
          <Th>State</Th>
          <Th numeric className={wideOnly}>
            Objects
          </Th>
          <Th numeric className={wideOnly}>
            Rows
          </Th>
          <Th numeric className={wideOnly}>
            Size
          </Th>
          <Th className={wideOnly}>Originals</Th>
        </tr>
      </thead>
      <tbody>
        {merges.map((merge) => (
          <tr key={merge.id}>
            <Td className="md:min-w-48">
              <div className="font-medium break-all">
                {merge.spec === "" ? "The whole dataset" : merge.spec}
              </div>
              <div className="mt-0.5 text-xs text-ink-muted">
                {merge.isAsked ? "asked" : "begun"} <TimeAgo at={merge.requestedAt} />
                {merge.order && merge.order.kind !== "none" && `, ${orderWords(merge.order)}`}
              </div>
              {merge.inputs && (
                <p className="mt-1 text-xs text-ink-muted md:hidden">
                  <FromTo merge={merge} what="objects" /> objects ·{" "}
                  {formatNumber(merge.inputs.rows, "row")} · {formatBytes(merge.inputs.bytes)}
                </p>
              )}
            </Td>
            <Td>
              <Badge dot tone={merge.error ? "warn" : stateLooks[merge.state].tone}>
                {stateLooks[merge.state].label}
              </Badge>
              {merge.error && <Trouble merge={merge} error={merge.error} />}
            </Td>
            <Td numeric className={`${wideOnly} whitespace-nowrap`}>
              <FromTo merge={merge} what="objects" />
            </Td>
            <Td numeric className={wideOnly}>
              {merge.inputs ? formatCount(merge.inputs.rows) : "–"}
            </Td>
            <Td numeric className={`${wideOnly} whitespace-nowrap`}>
              <FromTo merge={merge} what="bytes" />
            </Td>
            <Td className={wideOnly}>
              <Originals merge={merge} />
            </Td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

/** `24 → 1`; only what is known of it. */
function FromTo({ merge, what }: { merge: MergeView; what: "objects" | "bytes" }) {
  const format = what === "bytes" ? formatBytes : formatCount;
  if (!merge.inputs) return "–";
  const from = format(merge.inputs[what]);
  return merge.outputs ? `${from} → ${format(merge.outputs[what])}` : from;
}

function Trouble({ merge, error }: { merge: MergeView; error: NonNullable<MergeView["error"]> }) {
  return (
    <div className="mt-1 max-w-64 text-xs">
      <p className={error.fault === "transient" ? "text-warn" : "text-bad"}>{error.title}</p>
      <p className="text-ink-muted">
        {error.cause} {error.nextStep}
      </p>
      {merge.nextTryAt && (
        <p className="text-ink-muted">
          Attempt {merge.attempt}, next try <TimeAgo at={merge.nextTryAt} past="now" />.
        </p>
      )}
    </div>
  );
}

function Originals({ merge }: { merge: MergeView }) {
  if (merge.originalsRemovedAt) {
    return (
      <>
        removed <TimeAgo at={merge.originalsRemovedAt} />
      </>
    );
  }
  if (merge.removeAfter) {
    return (
      <>
        go <TimeAgo at={merge.removeAfter} past="now" />
      </>
    );
  }
  return merge.state === "published" ? "stay" : <span className="text-ink-faint">–</span>;
}
