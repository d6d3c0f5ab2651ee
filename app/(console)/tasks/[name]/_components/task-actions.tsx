"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { FileCode, Pause, Play, Trash2 } from "lucide-react";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { callApi, problemOf } from "@/app/_api-client/request";
import { Button } from "@/app/_ui/button";
import { Dialog } from "@/app/_ui/dialog";
import { Field, Input } from "@/app/_ui/field";
import { ProblemNotice } from "@/app/(console)/_components/problem-notice";
import { RoleButton } from "@/app/(console)/_components/role-button";
import { StatementDialog } from "@/app/(console)/_components/statement-dialog";
import type { TaskView } from "@/lib/contracts/task-view";

export function TaskActions({ task }: { task: TaskView }) {
  const client = useQueryClient();
  const path = `/tasks/${encodeURIComponent(task.name)}`;
  const [open, setOpen] = useState<"statement" | "delete" | null>(null);
  const paused = task.desiredState === "paused";
  const toggle = useMutation({
    mutationFn: () => callApi(`${path}/${paused ? "resume" : "pause"}`, { method: "POST" }),
    onSettled: () => client.invalidateQueries({ queryKey: ["task", task.name] }),
  });
  return (
    <>
      <Button onClick={() => setOpen("statement")}>
        <FileCode aria-hidden /> View statement
      </Button>
      {task.desiredState !== "deleted" && (
        <>
          {task.status.kind !== "completed" && (
            <RoleButton
              needs="operator"
              onClick={() => toggle.mutate()}
              disabled={toggle.isPending}
            >
              {paused ? <Play aria-hidden /> : <Pause aria-hidden />} {paused ? "Resume" : "Pause"}
            </RoleButton>
          )}
          <RoleButton
            needs="administrator"
            look="ghost"
            size="icon"
            aria-label="Delete the task"
            title="Delete"
            onClick={() => setOpen("delete")}
          >
            <Trash2 />
          </RoleButton>
        </>
      )}
      <StatementDialog
        path={`${path}/ddl`}
        open={open === "statement"}
        onOpenChange={(is) => setOpen(is ? "statement" : null)}
      />
      <DeleteDialog
        task={task}
        open={open === "delete"}
        onOpenChange={(is) => setOpen(is ? "delete" : null)}
      />
      {toggle.error && (
        <div className="w-full">
          <ProblemNotice problem={problemOf(toggle.error)} />
        </div>
      )}
    </>
  );
}

function DeleteDialog({
  task,
  open,
  onOpenChange,
}: {
  task: TaskView;
  open: boolean;
  onOpenChange: (open: boolean) => void;
}) {
  const router = useRouter();
  const [typed, setTyped] = useState("");
  const remove = useMutation({
    mutationFn: () => callApi(`/tasks/${encodeURIComponent(task.name)}`, { method: "DELETE" }),
    onSuccess: () => router.push("/tasks"),
  });
  const close = (is: boolean) => {
    setTyped("");
    remove.reset();
    onOpenChange(is);
  };
  return (
    <Dialog
      open={open}
      onOpenChange={close}
      title={`Delete ${task.name}?`}
      description={`Delivery of ${task.table} stops and its tunnel goes, and with it the position in the stream. Delivered objects stay in ${task.bucket}. This cannot be undone.`}
      footer={
        <>
          <Button onClick={() => close(false)}>Keep it</Button>
          <Button
            look="danger"
            disabled={typed !== task.name || remove.isPending}
            onClick={() => remove.mutate()}
          >
            {remove.isPending ? "Deleting…" : "Delete the task"}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        {remove.error && <ProblemNotice problem={problemOf(remove.error)} />}
        <Field label={`Type ${task.name} to confirm`}>
          <Input
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            autoComplete="off"
            mono
          />
        </Field>
      </div>
    </Dialog>
  );
}
