"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Pencil } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { callApi, fieldErrors, problemOf } from "@/app/_api-client/request";
import { Button } from "@/app/_ui/button";
import { Dialog } from "@/app/_ui/dialog";
import { Field, Input } from "@/app/_ui/field";
import { ProblemNotice } from "@/app/(console)/_components/problem-notice";
import { RoleButton } from "@/app/(console)/_components/role-button";
import { ObjectFields } from "@/app/(console)/tasks/new/_components/advanced-section";
import { checkDraft } from "@/app/(console)/tasks/new/_components/check-draft";
import { SchemaFields } from "@/app/(console)/tasks/new/_components/schema-section";
import {
  draftOf,
  fieldLabels,
  patchOf,
  type SectionProps,
  type TaskDraft,
} from "@/app/(console)/tasks/new/_components/task-draft";
import type { TaskView } from "@/lib/contracts/task-view";

export function EditButton({ task }: { task: TaskView }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <RoleButton needs="administrator" size="small" onClick={() => setOpen(true)}>
        <Pencil aria-hidden /> Edit settings
      </RoleButton>
      {open && <EditDialog task={task} onClose={() => setOpen(false)} />}
    </>
  );
}

/** What may change while the task runs. The draft is the task as it was when the dialog opened. */
function EditDialog({ task, onClose }: { task: TaskView; onClose: () => void }) {
  const formId = useId();
  const client = useQueryClient();
  const [before] = useState(() => draftOf(task));
  const [draft, setDraft] = useState<TaskDraft>(before);
  const [lateAfter, setLateAfter] = useState(String(task.thresholds.lateAfterSeconds));
  const save = useMutation({
    mutationFn: () => {
      const lateAfterSeconds = Number(lateAfter);
      const isLater = lateAfterSeconds !== task.thresholds.lateAfterSeconds;
      return callApi<TaskView>(`/tasks/${encodeURIComponent(task.name)}`, {
        method: "PATCH",
        body: {
          ...patchOf(before, draft),
          ...(isLater ? { thresholds: { lateAfterSeconds } } : {}),
        },
      });
    },
    onSuccess: (changed) => {
      client.setQueryData(["task", task.name], changed);
      onClose();
    },
  });
  const problem = save.error ? problemOf(save.error) : null;
  const typed = checkDraft(draft);
  const section: SectionProps = {
    draft,
    change: (part) => setDraft((current) => ({ ...current, ...part })),
    errorsOf: (field) => [
      ...new Set([
        ...typed.filter((one) => one.field === field).map(({ message }) => message),
        ...fieldErrors(problem, field),
      ]),
    ],
    warningsOf: () => [],
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      wide
      title="Change settings"
      description="They apply from the next batch on; a changed mapping starts a new schema version. Delivered objects stay as they are."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={formId} look="primary" disabled={save.isPending}>
            {save.isPending ? "Saving…" : "Save"}
          </Button>
        </>
      }
    >
      <form id={formId} onSubmit={submit} noValidate className="flex flex-col gap-5">
        {problem && <ProblemNotice problem={problem} labels={fieldLabels} />}
        <ObjectFields {...section} isEditing />
        <Field
          label="Late after, seconds"
          errors={section.errorsOf("thresholds.lateAfterSeconds")}
          hint="How old the oldest undelivered change may be before the task is called late."
          className="sm:max-w-72"
        >
          <Input
            inputMode="numeric"
            value={lateAfter}
            onChange={(event) => setLateAfter(event.target.value)}
          />
        </Field>
        <SchemaFields {...section} />
      </form>
    </Dialog>
  );
}
