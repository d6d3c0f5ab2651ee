import { ArrowRight } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "@/app/_ui/button";
import { Card, CardBody, CardHeader } from "@/app/_ui/card";
import { formatInstant } from "@/app/_ui/format-instant";
import { formatBytes, formatCount, formatNumber } from "@/app/_ui/format-quantity";
import { TimeAgo } from "@/app/_ui/time-ago";
import type { TaskView } from "@/lib/contracts/task-view";

export function TaskOverview({ task, onShow }: { task: TaskView; onShow: (tab: string) => void }) {
  const { account, progress } = task;
  return (
    <div className="flex flex-col gap-5">
      <div className="grid grid-cols-2 gap-3 lg:grid-cols-4">
        <Figure
          label="Rows delivered"
          value={formatCount(account.rows)}
          note={formatBytes(account.bytes)}
        />
        <Figure
          label="Objects"
          value={formatCount(account.objects)}
          note={<TimeAgo at={task.lastDeliveredAt} empty="nothing yet" />}
        />
        <DeliveredThrough task={task} />
        <Figure
          label="Dirty values"
          value={formatCount(account.dirtyValues)}
          note={
            account.dirtyRecords > 0
              ? formatNumber(account.dirtyRecords, "unreadable record")
              : "no unreadable record"
          }
        />
      </div>
      {progress.fullPercent !== null && progress.stage === "full" && (
        <FullPhase percent={progress.fullPercent} />
      )}
      <AccountCard task={task} onShow={onShow} />
    </div>
  );
}

function Figure({ label, value, note }: { label: string; value: ReactNode; note: ReactNode }) {
  return (
    <Card className="px-4 py-3.5">
      <p className="text-xs font-medium text-ink-muted">{label}</p>
      <p className="mt-1 text-lg font-semibold tracking-tight tabular-nums sm:text-xl">{value}</p>
      <p className="mt-0.5 text-xs text-ink-muted">{note}</p>
    </Card>
  );
}

/** Every change before that instant is in the bucket. A full task has no changes, only an end. */
function DeliveredThrough({ task }: { task: TaskView }) {
  const { stage, deliveredThrough } = task.progress;
  const label = "Delivered through";
  if (stage === "completed") {
    return <Figure label={label} value="Everything" note="the whole table, as it was" />;
  }
  if (deliveredThrough === null) {
    const note = stage === "incremental" ? "no change was read yet" : "known once changes are read";
    return <Figure label={label} value="–" note={note} />;
  }
  return (
    <Figure
      label={label}
      value={<TimeAgo at={deliveredThrough} />}
      note={formatInstant(deliveredThrough)}
    />
  );
}

function FullPhase({ percent }: { percent: number }) {
  const rounded = Math.floor(percent);
  return (
    <Card>
      <CardBody>
        <div className="flex items-baseline justify-between text-[13px]">
          <span className="font-medium">Full phase</span>
          <span className="tabular-nums text-ink-muted">{rounded} %</span>
        </div>
        <div
          role="progressbar"
          aria-label="Full phase"
          aria-valuenow={rounded}
          aria-valuemin={0}
          aria-valuemax={100}
          className="mt-2 h-2 overflow-hidden rounded-full bg-sunken"
        >
          <div
            className="h-full rounded-full bg-accent transition-[width]"
            style={{ width: `${percent}%` }}
          />
        </div>
      </CardBody>
    </Card>
  );
}

/** Consumed = delivered + dirty + ignored deletes: shown as a sum, because that is what it is. */
function AccountCard({ task, onShow }: { task: TaskView; onShow: (tab: string) => void }) {
  const { account } = task;
  const lines = [
    { label: "Records consumed from the tunnel", count: account.records, strong: true },
    { label: "delivered as rows", count: account.rows },
    { label: "unreadable records, kept as dirty", count: account.dirtyRecords },
    { label: "deletes, ignored as documented", count: account.deletesIgnored },
  ];
  const beside = [
    { label: "Dirty values, left out of delivered rows", count: account.dirtyValues },
    { label: "Values of columns outside the mapping", count: account.unmappedValues },
  ];
  const balanced = account.records === account.rows + account.dirtyRecords + account.deletesIgnored;
  return (
    <Card>
      <CardHeader
        title="Account of every record"
        description={
          balanced
            ? "Consumed = delivered + dirty + ignored deletes."
            : "The account does not balance. This is a bug: report it."
        }
        actions={
          account.dirtyValues + account.dirtyRecords > 0 && (
            <Button size="small" onClick={() => onShow("dirty")}>
              See dirty values <ArrowRight aria-hidden />
            </Button>
          )
        }
      />
      <CardBody>
        <dl className="grid grid-cols-[1fr_auto] gap-x-6 gap-y-2 text-[13px]">
          {lines.map(({ label, count, strong }) => (
            <AccountLine key={label} label={label} count={count} strong={strong ?? false} />
          ))}
          <div className="col-span-2 my-1 border-t border-line" />
          {beside.map(({ label, count }) => (
            <AccountLine key={label} label={label} count={count} strong={false} />
          ))}
        </dl>
      </CardBody>
    </Card>
  );
}

function AccountLine({ label, count, strong }: { label: string; count: number; strong: boolean }) {
  return (
    <>
      <dt className={strong ? "font-semibold" : "text-ink-muted"}>{label}</dt>
      <dd className={strong ? "text-right font-semibold tabular-nums" : "text-right tabular-nums"}>
        {formatCount(count)}
      </dd>
    </>
  );
}
