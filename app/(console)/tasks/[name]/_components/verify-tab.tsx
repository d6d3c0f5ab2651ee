"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ScanSearch } from "lucide-react";
import { useState } from "react";
import { callApi, problemOf } from "@/app/_api-client/request";
import { Card, CardBody, CardHeader } from "@/app/_ui/card";
import { formatCount } from "@/app/_ui/format-quantity";
import { Notice } from "@/app/_ui/notice";
import { EmptyState, LoadError, SkeletonRows } from "@/app/_ui/states";
import { TimeAgo } from "@/app/_ui/time-ago";
import { ProblemNotice } from "@/app/(console)/_components/problem-notice";
import { RoleButton } from "@/app/(console)/_components/role-button";
import type { VerifyRunView, VerifyStateView } from "@/lib/contracts/verify-run";
import { VerifyReport } from "./verify-report";

const liveEveryMs = 1_000;
const idleEveryMs = 10_000;

/** Only what a task delivers can be delivered again. */
type Ask = { readonly deep: boolean; readonly redeliver?: true };

type Subject = { readonly what: "task" | "dataset"; readonly name: string };

const comparisons = {
  task: "Every object's size, uuid, footer and checksum; every channel's batches, ranges and account.",
  dataset: "Every object's size, uuid, footer and checksum; every commit's objects and rows.",
} as const;

/** Compares the bucket with the ledger: asks for it, follows it, shows what was found. */
export function VerifyTab({ what, name, canAsk }: Subject & { canAsk: boolean }) {
  const client = useQueryClient();
  const path = `/${what}s/${encodeURIComponent(name)}/verify`;
  const queryKey = [path];
  const query = useQuery({
    queryKey,
    queryFn: ({ signal }) => callApi<VerifyStateView>(path, { signal }),
    refetchInterval: ({ state }) => (isOpen(state.data?.run) ? liveEveryMs : idleEveryMs),
  });
  const ask = useMutation({
    mutationFn: (body: Ask) => callApi<VerifyRunView>(path, { method: "POST", body }),
    onSuccess: (run) => client.setQueryData<VerifyStateView>(queryKey, { run }),
  });
  const state = query.data;
  if (!state) {
    return (
      <Card>
        {query.error ? (
          <LoadError {...problemOf(query.error)} onRetry={() => void query.refetch()} />
        ) : (
          <SkeletonRows />
        )}
      </Card>
    );
  }
  const { run } = state;
  // One that waits for a bucket may wait for days; whoever wants to know now may ask.
  const isBusy = (isOpen(run) && run?.error === null) || ask.isPending;
  const problem = ask.error ? problemOf(ask.error) : null;
  return (
    <div className="flex flex-col gap-5">
      {problem && <ProblemNotice problem={problem} />}
      {canAsk && (
        <AskCard what={what} run={run} isBusy={isBusy} onAsk={(body) => ask.mutate(body)} />
      )}
      {run ? (
        <RunCard what={what} run={run} />
      ) : (
        <Card>
          <EmptyState icon={<ScanSearch aria-hidden />} title="Not verified yet">
            Verifying lists the {what}'s folders, looks at every object, and compares them with the
            ledger. It changes nothing.
          </EmptyState>
        </Card>
      )}
    </div>
  );
}

function isOpen(run: VerifyRunView | null | undefined): boolean {
  return run !== null && run !== undefined && run.finishedAt === null;
}

function AskCard(props: {
  what: Subject["what"];
  run: VerifyRunView | null;
  isBusy: boolean;
  onAsk: (body: Ask) => void;
}) {
  const [deep, setDeep] = useState(false);
  const missing = props.what === "task" ? (props.run?.report?.counts.missing ?? 0) : 0;
  return (
    <Card>
      <CardHeader
        title="Compare the bucket with the ledger"
        description={comparisons[props.what]}
        actions={
          <>
            {missing > 0 && (
              <RoleButton
                needs="operator"
                disabled={props.isBusy}
                onClick={() => props.onAsk({ deep, redeliver: true })}
              >
                Deliver again what is missing
              </RoleButton>
            )}
            <RoleButton
              needs="operator"
              look="primary"
              disabled={props.isBusy}
              onClick={() => props.onAsk({ deep })}
            >
              <ScanSearch aria-hidden /> {props.isBusy ? "Verifying…" : "Verify"}
            </RoleButton>
          </>
        }
      />
      <CardBody>
        <label className="flex items-start gap-2.5 text-[13px]">
          <input
            type="checkbox"
            className="mt-0.5 size-4 accent-accent"
            checked={deep}
            disabled={props.isBusy}
            onChange={(event) => setDeep(event.target.checked)}
          />
          <span>
            Read whole objects
            <span className="block text-ink-muted">
              Otherwise the content goes by the store's ETag, and is read where that differs.
            </span>
          </span>
        </label>
      </CardBody>
    </Card>
  );
}

function RunCard({ what, run }: { what: Subject["what"]; run: VerifyRunView }) {
  if (run.finishedAt === null) return <OpenRun run={run} />;
  if (run.report) return <VerifyReport what={what} run={run} report={run.report} />;
  return (
    <Notice tone="bad" title={run.error ? titleOf(run.error) : "The verification ended early"}>
      {run.error && (
        <>
          <p>{run.error.cause}</p>
          <p>{run.error.nextStep}</p>
        </>
      )}
      <p>
        The bucket could not be verified. <TimeAgo at={run.finishedAt} />
      </p>
    </Notice>
  );
}

function titleOf({ documentedName, title }: NonNullable<VerifyRunView["error"]>): string {
  return documentedName ? `${documentedName}: ${title}` : title;
}

function OpenRun({ run }: { run: VerifyRunView }) {
  const { error, state, objectsChecked, reason, redeliver } = run;
  if (error) {
    return (
      <Notice tone="warn" title={titleOf(error)}>
        <p>{error.cause}</p>
        <p>
          {reason === "bucket_missing"
            ? "As soon as the bucket is back, what was in it is delivered again as far as the source still has it."
            : "Verifying is tried again by itself."}
        </p>
      </Notice>
    );
  }
  return (
    <Notice
      tone="busy"
      title={state === "waiting" ? "Waiting for a delivery worker" : "Verifying…"}
    >
      <p>
        <span className="tabular-nums">{formatCount(objectsChecked)}</span>{" "}
        {objectsChecked === 1 ? "object" : "objects"} listed so far.{" "}
        {redeliver && "What is missing is delivered again. "}
        You can leave this page: it goes on.
      </p>
    </Notice>
  );
}
