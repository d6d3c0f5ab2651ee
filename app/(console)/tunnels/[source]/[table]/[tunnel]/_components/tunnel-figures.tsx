import type { ReactNode } from "react";
import { Card } from "@/app/_ui/card";
import { formatInstant } from "@/app/_ui/format-instant";
import { formatDuration, formatNumber } from "@/app/_ui/format-quantity";
import { TimeAgo } from "@/app/_ui/time-ago";
import { TaskLink } from "@/app/(console)/tunnels/_components/tunnel-list";
import type { TunnelView } from "@/lib/contracts/tunnel-body";
import { Sparkline } from "./sparkline";

export function TunnelFigures({
  tunnel,
  latencySamples,
}: {
  tunnel: TunnelView;
  latencySamples: readonly number[];
}) {
  const { latencySeconds, expiresAt, streamExpirationHours: hours } = tunnel;
  return (
    <div className="grid gap-3 sm:grid-cols-2 lg:grid-cols-4">
      <Figure
        label="Behind the table"
        value={latencySeconds === null ? "–" : formatDuration(latencySeconds)}
        note={
          tunnel.consumedThrough === null
            ? "known once the stream is read"
            : "the slowest stream channel"
        }
      >
        <Sparkline values={latencySamples} label="Seconds behind since this page was opened" />
      </Figure>
      <Figure
        label="Consumed through"
        value={<TimeAgo at={tunnel.consumedThrough} />}
        note={tunnel.consumedThrough === null ? "–" : formatInstant(tunnel.consumedThrough)}
      />
      <Figure
        label="Unread changes expire"
        value={<TimeAgo at={expiresAt} past="expired" />}
        note={
          hours === null
            ? "the table's stream is off"
            : `the stream keeps ${formatNumber(hours, "hour")}`
        }
      />
      <Figure
        label="Read by task"
        value={<TaskLink task={tunnel.task} />}
        note={
          tunnel.task === null ? "a reader of your own, or none" : "deleted together with its task"
        }
      />
    </div>
  );
}

function Figure(props: { label: string; value: ReactNode; note: string; children?: ReactNode }) {
  return (
    <Card className="px-4 py-3.5">
      <p className="text-xs font-medium text-ink-muted">{props.label}</p>
      <p className="mt-1 text-lg font-semibold tracking-tight break-words tabular-nums">
        {props.value}
      </p>
      <p className="mt-0.5 text-xs text-ink-muted">{props.note}</p>
      {props.children && <div className="mt-2">{props.children}</div>}
    </Card>
  );
}
