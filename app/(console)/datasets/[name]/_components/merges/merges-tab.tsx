"use client";

import { Combine, FileCode, Pencil } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Badge } from "@/app/_ui/badge";
import { Button } from "@/app/_ui/button";
import { Card, CardBody, CardHeader } from "@/app/_ui/card";
import { formatBytes, formatCount, formatNumber } from "@/app/_ui/format-quantity";
import { EmptyState } from "@/app/_ui/states";
import { RoleButton } from "@/app/(console)/_components/role-button";
import { StatementDialog } from "@/app/(console)/_components/statement-dialog";
import { useList } from "@/app/(console)/_components/use-list";
import { datasetApi } from "@/app/(console)/datasets/_components/dataset-paths";
import type { DatasetView } from "@/lib/contracts/dataset-body";
import type { DatasetMergeView, MergeView } from "@/lib/contracts/merge-body";
import { OnlyTheTask } from "../only-the-task";
import { MergeList } from "./merge-list";
import { MergeNowDialog } from "./merge-now-dialog";
import { MergeSettingsDialog } from "./merge-settings-dialog";
import { orderWords, originalsWords, triggerWords } from "./merge-words";

export function MergesTab({ dataset }: { dataset: DatasetView }) {
  if (dataset.origin === "task") {
    return (
      <OnlyTheTask task={dataset.name}>
        What a task delivers is not merged: its flush settings say how large its objects become.
      </OnlyTheTask>
    );
  }
  return <Merging dataset={dataset} />;
}

function Merging({ dataset }: { dataset: DatasetView }) {
  const { merge } = dataset;
  const [open, setOpen] = useState<"settings" | "now" | "statement" | null>(null);
  const list = useList<MergeView>(datasetApi.merges(dataset.name), { live: true, limit: 20 });
  const close = () => setOpen(null);
  return (
    <div className="flex flex-col gap-5">
      <Card>
        {merge ? (
          <>
            <CardHeader
              title={
                <>
                  Merged copy
                  <Badge dot tone={merge.isEnabled ? "good" : "neutral"} className="ml-2">
                    {merge.isEnabled ? "on" : "off"}
                  </Badge>
                </>
              }
              description={<span className="font-mono text-xs break-all">{merge.folder}</span>}
              actions={
                <>
                  <Button size="small" onClick={() => setOpen("statement")}>
                    <FileCode aria-hidden /> View its statement
                  </Button>
                  <RoleButton needs="operator" size="small" onClick={() => setOpen("now")}>
                    <Combine aria-hidden /> Merge now
                  </RoleButton>
                  <RoleButton
                    needs="administrator"
                    size="small"
                    onClick={() => setOpen("settings")}
                  >
                    <Pencil aria-hidden /> Settings
                  </RoleButton>
                </>
              }
            />
            <MergeFacts merge={merge} />
          </>
        ) : (
          <EmptyState
            icon={<Combine aria-hidden />}
            title="Nobody has said how to merge this dataset"
            action={
              <RoleButton needs="administrator" look="primary" onClick={() => setOpen("settings")}>
                Set up merging
              </RoleButton>
            }
          >
            Small objects become large ones in a folder of their own, sorted or z-ordered if you
            like, while writes go on.
          </EmptyState>
        )}
      </Card>
      {merge && <MergeList list={list} />}
      {open === "settings" && <MergeSettingsDialog dataset={dataset} onClose={close} />}
      {open === "now" && <MergeNowDialog dataset={dataset} onClose={close} onAsked={list.reload} />}
      <StatementDialog
        path={`${datasetApi.ddl(dataset.name)}?copy=merged`}
        title="View statement of the merged copy"
        open={open === "statement"}
        onOpenChange={(is) => !is && close()}
      />
    </div>
  );
}

function MergeFacts({ merge }: { merge: DatasetMergeView }) {
  return (
    <CardBody className="flex flex-col gap-4">
      <div className="grid grid-cols-2 gap-x-6 gap-y-3 sm:grid-cols-4">
        <Figure label="Merged rows" value={formatCount(merge.merged.rows)} />
        <Figure label="Merged objects" value={formatCount(merge.merged.objects)} />
        <Figure label="Merged size" value={formatBytes(merge.merged.bytes)} />
        <Figure label="Taken twice" value={formatBytes(merge.doubledBytes)} />
      </div>
      <dl className="grid gap-x-6 gap-y-2 border-t border-line pt-4 text-[13px] sm:grid-cols-[11rem_1fr]">
        <Fact label="A merge begins with">{triggerWords(merge)}</Fact>
        <Fact label="A merged object is made of">about {formatBytes(merge.targetBytes)}</Fact>
        <Fact label="Rows lie">
          {orderWords(merge.order)}
          {merge.rowGroupRows !== null &&
            `, ${formatNumber(merge.rowGroupRows, "row")} in a row group`}
        </Fact>
        <Fact label="Originals">{originalsWords(merge)}</Fact>
      </dl>
    </CardBody>
  );
}

function Figure({ label, value }: { label: string; value: string }) {
  return (
    <div>
      <p className="text-xs font-medium text-ink-muted">{label}</p>
      <p className="mt-0.5 text-lg font-semibold tracking-tight tabular-nums">{value}</p>
    </div>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-ink-muted">{label}</dt>
      <dd className="min-w-0 break-words">{children}</dd>
    </>
  );
}
