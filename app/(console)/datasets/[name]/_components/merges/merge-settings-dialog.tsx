"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { callApi, fieldErrors, problemOf } from "@/app/_api-client/request";
import { Button } from "@/app/_ui/button";
import { ChoiceCards } from "@/app/_ui/choice-cards";
import { Dialog } from "@/app/_ui/dialog";
import { Field, Input } from "@/app/_ui/field";
import { ProblemNotice } from "@/app/(console)/_components/problem-notice";
import { datasetApi } from "@/app/(console)/datasets/_components/dataset-paths";
import type { DatasetView } from "@/lib/contracts/dataset-body";
import { type MergeDraft, mergeBodyOf, mergeDraftOf } from "./merge-draft";
import { MergePreview, useMergePreview } from "./merge-preview";
import { OrderFields } from "./order-fields";

const switches = [
  { value: "on", label: "On", hint: "Merges begin by themselves, while writes go on." },
  { value: "off", label: "Off", hint: "Only when asked. What is merged stays." },
] as const;
const fates = [
  { value: "keep", label: "Keep", hint: "Readers of either folder see every row." },
  { value: "remove", label: "Remove", hint: "Then only the merged folder has them." },
] as const;

/** The settings, and beside them what they would do to what is there. */
export function MergeSettingsDialog(props: { dataset: DatasetView; onClose: () => void }) {
  const formId = useId();
  const client = useQueryClient();
  const [dataset] = useState(props.dataset);
  const [draft, setDraft] = useState(() => mergeDraftOf(dataset));
  const change = (part: Partial<MergeDraft>) => setDraft((before) => ({ ...before, ...part }));
  const { preview, problem: previewProblem } = useMergePreview(dataset.name, draft);
  const save = useMutation({
    mutationFn: () =>
      callApi<DatasetView>(datasetApi.mergeSettings(dataset.name), {
        method: "PUT",
        body: mergeBodyOf(draft),
      }),
    onSuccess: (changed) => {
      client.setQueryData(["dataset", dataset.name], changed);
      props.onClose();
    },
  });
  const problem = save.error ? problemOf(save.error) : null;
  // The preview finds the same problems, as soon as typing pauses.
  const errorsOf = (field: string) => fieldErrors(previewProblem ?? problem, field);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => !open && props.onClose()}
      title={`Merging of ${dataset.name}`}
      description="Small objects of a partition become large ones in a folder of their own. Each row stands once in each folder."
      footer={
        <>
          <Button onClick={props.onClose}>Cancel</Button>
          <Button type="submit" form={formId} look="primary" disabled={save.isPending}>
            {save.isPending ? "Saving…" : "Save"}
          </Button>
        </>
      }
    >
      <form id={formId} onSubmit={submit} noValidate className="flex flex-col gap-5">
        {problem && (
          <ProblemNotice
            problem={problem}
            shownFields={problem.errors.map(({ field }) => field).filter((f) => f !== "body")}
          />
        )}
        <MergePreview preview={preview} problem={previewProblem} />
        <ChoiceCards
          legend="Merging"
          name="merge-enabled"
          value={draft.isEnabled ? "on" : "off"}
          choices={switches}
          onChange={(value) => change({ isEnabled: value === "on" })}
        />
        <AmountFields draft={draft} change={change} errorsOf={errorsOf} />
        <OrderFields dataset={dataset} draft={draft} change={change} errorsOf={errorsOf} />
        <OriginalsFields draft={draft} change={change} errorsOf={errorsOf} />
      </form>
    </Dialog>
  );
}

type Section = {
  draft: MergeDraft;
  change: (part: Partial<MergeDraft>) => void;
  errorsOf: (field: string) => string[];
};

function AmountFields({ draft, change, errorsOf }: Section) {
  const amount = (key: "smallMiB" | "objectsMin" | "targetMiB" | "rowGroupRows") => (
    <Input
      inputMode="decimal"
      value={draft[key]}
      onChange={(event) => change({ [key]: event.target.value })}
    />
  );
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <Field
        label="Folder of the merged copies"
        errors={errorsOf("folder")}
        hint="It holds nothing else, and stays once a copy stands in it."
        className="sm:col-span-2"
      >
        <Input
          mono
          value={draft.folder}
          onChange={(event) => change({ folder: event.target.value })}
        />
      </Field>
      <Field
        label="Small is under, MiB"
        errors={errorsOf("smallBytes")}
        hint="Larger objects are copied as they come."
      >
        {amount("smallMiB")}
      </Field>
      <Field
        label="Small objects that begin a merge"
        errors={errorsOf("objectsMin")}
        hint="Of one partition."
      >
        {amount("objectsMin")}
      </Field>
      <Field label="A merged object is made of, MiB" errors={errorsOf("targetBytes")}>
        {amount("targetMiB")}
      </Field>
      <Field
        label="Rows of a row group"
        optional
        errors={errorsOf("rowGroupRows")}
        hint="Empty: 100,000, or 10,000 when z-ordered, which skips only by small ones."
      >
        {amount("rowGroupRows")}
      </Field>
    </div>
  );
}

function OriginalsFields({ draft, change, errorsOf }: Section) {
  return (
    <div className="flex flex-col gap-3">
      <ChoiceCards
        legend="Originals"
        name="merge-originals"
        value={draft.originals}
        choices={fates}
        onChange={(originals) => change({ originals })}
      />
      {draft.originals === "remove" && (
        <Field
          label="Grace time, minutes"
          errors={errorsOf("graceSeconds")}
          hint="So long readers of the dataset's folder may still read what they have listed."
          className="sm:max-w-72"
        >
          <Input
            inputMode="decimal"
            value={draft.graceMinutes}
            onChange={(event) => change({ graceMinutes: event.target.value })}
          />
        </Field>
      )}
    </div>
  );
}
