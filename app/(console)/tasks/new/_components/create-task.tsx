"use client";

import { useMutation } from "@tanstack/react-query";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { callApi, fieldErrors, problemOf } from "@/app/_api-client/request";
import { Button } from "@/app/_ui/button";
import { ChoiceCards } from "@/app/_ui/choice-cards";
import { Field, Input } from "@/app/_ui/field";
import { PageHeader } from "@/app/_ui/page-header";
import { ProblemNotice } from "@/app/(console)/_components/problem-notice";
import { RoleButton } from "@/app/(console)/_components/role-button";
import type { TaskView } from "@/lib/contracts/task-view";
import type { Problem } from "@/lib/core/problem";
import { AdvancedSection } from "./advanced-section";
import { adviseOnDraft, checkDraft } from "./check-draft";
import { DestinationSection } from "./destination-section";
import { FormSection } from "./form-section";
import { PreviewCard } from "./preview-card";
import { SchemaSection } from "./schema-section";
import { SourceSection } from "./source-section";
import {
  bodyOf,
  emptyDraft,
  fieldLabels,
  isChanged,
  type SectionProps,
  type TaskDraft,
} from "./task-draft";
import { usePreview } from "./use-preview";

const modes = [
  {
    value: "differential",
    label: "Differential",
    hint: "The whole table first, then every change, in order.",
  },
  { value: "incremental", label: "Incremental", hint: "Changes from now on." },
  { value: "full", label: "Full", hint: "One scan of the table as it is now." },
] as const;

export function CreateTask() {
  const router = useRouter();
  const form = useRef<HTMLFormElement>(null);
  const [draft, setDraft] = useState<TaskDraft>(emptyDraft);
  const create = useMutation({
    mutationFn: (sent: TaskDraft) =>
      callApi<TaskView>("/tasks", { method: "POST", body: bodyOf(sent) }),
    onSuccess: (task) => router.push(`/tasks/${task.name}`),
  });
  const problem = create.error ? problemOf(create.error) : null;
  const preview = usePreview(draft);
  const typed = checkDraft(draft);
  const messages = (problems: readonly Problem[], field: string) =>
    problems.filter((one) => one.field === field).map(({ message }) => message);
  const section: SectionProps = {
    draft,
    change: (part) => setDraft((current) => ({ ...current, ...part })),
    // What the API said of a field holds until that field is changed; what is typed is checked at once.
    errorsOf: (field) => [
      ...new Set([
        ...messages(typed, field),
        ...(create.variables && isChanged(field, create.variables, draft)
          ? []
          : fieldErrors(problem, field)),
      ]),
    ],
    warningsOf: (field) => [
      ...new Set([
        ...messages(adviseOnDraft(draft), field),
        ...messages(preview.data?.warnings ?? [], field),
      ]),
    ],
  };
  useEffect(() => {
    if (create.error) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [create.error]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate(draft);
  };
  return (
    <>
      <PageHeader
        title="New delivery task"
        parents={[{ href: "/tasks", label: "Tasks" }]}
        description="From a table to Parquet objects in a bucket. Everything but the schema, the flush and the dirty folder is fixed once the task exists."
      />
      {problem && (
        <div className="mb-5">
          <ProblemNotice problem={problem} labels={fieldLabels} />
        </div>
      )}
      <form
        ref={form}
        onSubmit={submit}
        noValidate
        className="grid items-start gap-5 xl:grid-cols-[minmax(0,1fr)_22rem]"
      >
        <div className="flex min-w-0 flex-col gap-5">
          <FormSection title="Task">
            <Field
              label="Task name"
              errors={section.errorsOf("name")}
              hint="3 to 16 lowercase letters, digits and hyphens, beginning and ending with a letter or digit."
            >
              <Input
                mono
                value={draft.name}
                onChange={(event) => section.change({ name: event.target.value })}
                placeholder="orders-lake"
                autoComplete="off"
                autoFocus
              />
            </Field>
            <ChoiceCards
              legend="Synchronisation mode"
              name="mode"
              value={draft.mode}
              choices={modes}
              onChange={(mode) => section.change({ mode })}
            />
          </FormSection>
          <SourceSection {...section} />
          <DestinationSection {...section} />
          <SchemaSection {...section} />
          <AdvancedSection {...section} />
        </div>
        <PreviewCard draft={draft} preview={preview} />
        <div className="flex flex-wrap justify-end gap-2 xl:col-start-1">
          <Button asChild>
            <Link href="/tasks">Cancel</Link>
          </Button>
          <RoleButton
            needs="administrator"
            type="submit"
            look="primary"
            disabled={create.isPending}
          >
            {create.isPending ? "Creating…" : "Create task"}
          </RoleButton>
        </div>
      </form>
    </>
  );
}
