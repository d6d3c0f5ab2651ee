"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { callApi, problemOf } from "@/app/_api-client/request";
import { Button } from "@/app/_ui/button";
import { CodeBlock } from "@/app/_ui/code-block";
import { Dialog } from "@/app/_ui/dialog";
import { Notice } from "@/app/_ui/notice";
import { TimeAgo } from "@/app/_ui/time-ago";
import { ProblemNotice } from "@/app/(console)/_components/problem-notice";
import { RoleButton } from "@/app/(console)/_components/role-button";
import type { DestinationProbe } from "@/lib/contracts/destination-body";
import type { ErrorView } from "@/lib/contracts/error-view";
import type { ProblemDocument } from "@/lib/contracts/problem-document";
import type { TaskView } from "@/lib/contracts/task-view";

/** What stands in the way, each with its cause, its next step and what helps to take it. */
export function TaskErrors({ task, stale }: { task: TaskView; stale: ProblemDocument | null }) {
  if (task.errors.length === 0 && !stale) return null;
  return (
    <div className="mb-6 flex flex-col gap-3">
      {stale && (
        <Notice tone="warn" title="These figures are not live">
          {stale.cause} {stale.nextStep}
        </Notice>
      )}
      {task.errors.map((error) => (
        <TaskError key={`${error.code} ${error.since}`} task={task} error={error} />
      ))}
    </div>
  );
}

function TaskError({ task, error }: { task: TaskView; error: ErrorView }) {
  const concernsDestination = error.code.startsWith("destination.");
  // Of a stream that was trimmed, or read by others, that would not be true.
  const positionHolds = concernsDestination || error.fault === "transient";
  const concernsKey = error.code === "destination.access_denied";
  return (
    <Notice
      tone={error.fault === "transient" ? "warn" : "bad"}
      title={error.documentedName ? `${error.documentedName}: ${error.title}` : error.title}
      actions={
        concernsDestination ? (
          <>
            <RoleButton
              needs="administrator"
              size="small"
              href={`/destinations?edit=${encodeURIComponent(task.destinationId)}`}
            >
              Edit the destination
            </RoleButton>
            {concernsKey && <PolicyButton destinationId={task.destinationId} />}
          </>
        ) : (
          error.code === "source.tunnel_expired" && <ContinueButton task={task.name} />
        )
      }
    >
      <p>{error.cause}</p>
      <p>{error.nextStep}</p>
      <p className="text-xs">
        Since <TimeAgo at={error.since} />
        {error.channels > 0 &&
          `, holding up ${error.channels} ${error.channels === 1 ? "channel" : "channels"}`}
        , attempt {error.attempt}
        {error.nextTryAt && <NextTry at={error.nextTryAt} />}.
        {positionHolds && " The position is held; nothing is lost."}
      </p>
    </Notice>
  );
}

/** The answer is seconds old, and so may be the instant that it names. */
function NextTry({ at }: { at: string }) {
  return (
    <>
      , next try <TimeAgo at={at} past="now" />
    </>
  );
}

/** Skips what the source no longer has, which nobody can undo: hence the question. */
function ContinueButton({ task }: { task: string }) {
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const proceed = useMutation({
    mutationFn: () => callApi(`/tasks/${encodeURIComponent(task)}/continue`, { method: "POST" }),
    onSuccess: () => setOpen(false),
    onSettled: () => client.invalidateQueries({ queryKey: ["task", task] }),
  });
  return (
    <>
      <RoleButton needs="operator" size="small" onClick={() => setOpen(true)}>
        Continue from the oldest readable record
      </RoleButton>
      <Dialog
        open={open}
        onOpenChange={setOpen}
        title="Continue behind the gap?"
        description="What the source no longer has is never delivered. Each channel keeps its gap in its account, and goes on with the oldest record that can still be read."
        footer={
          <>
            <Button onClick={() => setOpen(false)}>Not now</Button>
            <Button look="danger" disabled={proceed.isPending} onClick={() => proceed.mutate()}>
              {proceed.isPending ? "Asking…" : "Continue"}
            </Button>
          </>
        }
      >
        {proceed.error && <ProblemNotice problem={problemOf(proceed.error)} />}
      </Dialog>
    </>
  );
}

function PolicyButton({ destinationId }: { destinationId: string }) {
  const [open, setOpen] = useState(false);
  const probe = useQuery({
    queryKey: ["policy", destinationId],
    enabled: open,
    queryFn: () =>
      callApi<DestinationProbe>(`/destinations/${encodeURIComponent(destinationId)}/probe`, {
        method: "POST",
      }),
  });
  return (
    <>
      <RoleButton needs="operator" size="small" onClick={() => setOpen(true)}>
        Show the policy
      </RoleButton>
      <Dialog
        open={open}
        onOpenChange={setOpen}
        wide
        title="What the destination's key has to be allowed"
        description="Attach this policy to the access key. Delivery goes on by itself from where it stopped."
      >
        <CodeBlock code={probe.data?.policy ?? ""} label="Policy" busy={probe.isPending} />
      </Dialog>
    </>
  );
}
