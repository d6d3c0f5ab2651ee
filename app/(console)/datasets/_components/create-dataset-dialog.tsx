"use client";

import { useMutation } from "@tanstack/react-query";
import { Plus, Trash2 } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { callApi, fieldErrors, problemOf } from "@/app/_api-client/request";
import { Button } from "@/app/_ui/button";
import { Dialog } from "@/app/_ui/dialog";
import { Field, Input, Select } from "@/app/_ui/field";
import { ProblemNotice } from "@/app/(console)/_components/problem-notice";
import { useList } from "@/app/(console)/_components/use-list";
import type { DatasetView } from "@/lib/contracts/dataset-body";
import type { DestinationView } from "@/lib/contracts/destination-body";
import { compressionSchema, taskDefaults } from "@/lib/contracts/task-settings";
import { partitionColumnsMax } from "@/lib/core/dataset";
import { ColumnFields, columnErrors, type DraftColumn, newColumn } from "./column-fields";
import { datasetApi } from "./dataset-paths";

const destinationsShownMax = 500;

type Draft = {
  readonly name: string;
  readonly destinationId: string;
  readonly folder: string;
  readonly columns: readonly DraftColumn[];
  readonly partitionColumns: readonly { readonly id: number; readonly name: string }[];
  readonly compression: string;
};

const blank = (): Draft => ({
  name: "",
  destinationId: "",
  folder: "",
  columns: [newColumn()],
  partitionColumns: [],
  compression: taskDefaults.compression,
});

/** A destination that was not chosen is left out, so that it is named with all else that is wrong. */
const bodyOf = (draft: Draft) => ({
  name: draft.name,
  ...(draft.destinationId === "" ? {} : { destinationId: draft.destinationId }),
  folder: draft.folder,
  columns: draft.columns.map(({ name, type }) => ({ name, type })),
  partitionColumns: draft.partitionColumns.map(({ name }) => name),
  compression: draft.compression,
});

export function CreateDatasetDialog(props: {
  onClose: () => void;
  onCreated: (dataset: DatasetView) => void;
}) {
  const formId = useId();
  const [draft, setDraft] = useState(blank);
  const change = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));
  const create = useMutation({
    mutationFn: () => callApi<DatasetView>(datasetApi.all, { method: "POST", body: bodyOf(draft) }),
    onSuccess: (made) => {
      props.onClose();
      props.onCreated(made);
    },
  });
  const problem = create.error ? problemOf(create.error) : null;
  const errorsOf = (field: string) => fieldErrors(problem, field);
  const shown = (problem?.errors ?? [])
    .map(({ field }) => field)
    .filter((field) => field !== "body" && field !== "columns" && field !== "partitionColumns");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => !open && props.onClose()}
      title="Create a dataset"
      description="Its name, place and partition columns are fixed from then on; columns can be added."
      footer={
        <>
          <Button onClick={props.onClose}>Cancel</Button>
          <Button type="submit" form={formId} look="primary" disabled={create.isPending}>
            {create.isPending ? "Creating…" : "Create the dataset"}
          </Button>
        </>
      }
    >
      <form id={formId} onSubmit={submit} noValidate className="flex flex-col gap-5">
        {problem && <ProblemNotice problem={problem} shownFields={shown} />}
        <PlaceFields draft={draft} change={change} errorsOf={errorsOf} />
        <ColumnFields
          legend="Columns"
          hint="What the objects hold, in this order. Every one may be null."
          columns={draft.columns}
          onChange={(columns) => change({ columns })}
          errorsOf={(index) => columnErrors(errorsOf, index)}
        />
        <PartitionColumnFields draft={draft} change={change} errorsOf={errorsOf} />
      </form>
    </Dialog>
  );
}

type Section = {
  draft: Draft;
  change: (part: Partial<Draft>) => void;
  errorsOf: (field: string) => string[];
};

function PlaceFields({ draft, change, errorsOf }: Section) {
  const destinations = useList<DestinationView>("/destinations", { limit: destinationsShownMax });
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <Field label="Name" errors={errorsOf("name")}>
        <Input
          mono
          value={draft.name}
          autoComplete="off"
          onChange={(event) => change({ name: event.target.value })}
        />
      </Field>
      <Field label="Compression" errors={errorsOf("compression")}>
        <Select
          value={draft.compression}
          onChange={(event) => change({ compression: event.target.value })}
        >
          {compressionSchema.options.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </Select>
      </Field>
      <Field label="Destination" errors={errorsOf("destinationId")}>
        <Select
          value={draft.destinationId}
          onChange={(event) => change({ destinationId: event.target.value })}
        >
          <option value="">Choose a destination</option>
          {(destinations.items ?? []).map(({ id, name, bucket }) => (
            <option key={id} value={id}>
              {name}: {bucket}
            </option>
          ))}
        </Select>
      </Field>
      <Field
        label="Folder"
        errors={errorsOf("folder")}
        hint="Nothing else may stand in it, now or later."
      >
        <Input
          mono
          value={draft.folder}
          placeholder="lake/sales"
          onChange={(event) => change({ folder: event.target.value })}
        />
      </Field>
    </div>
  );
}

function PartitionColumnFields({ draft, change, errorsOf }: Section) {
  const { partitionColumns } = draft;
  const set = (next: Draft["partitionColumns"]) => change({ partitionColumns: next });
  return (
    <fieldset className="flex min-w-0 flex-col gap-3">
      <legend className="text-[13px] font-medium">Partition columns</legend>
      <p className="text-[13px] text-ink-muted">
        Each is a level of folders <code className="font-mono text-xs">name=value</code>, coarsest
        first. Their values stand in the folders' names and not in the objects.
      </p>
      {partitionColumns.map((column, index) => (
        <div key={column.id} className="flex items-start gap-2">
          <Field
            label={`Partition column ${index + 1}`}
            errors={errorsOf(`partitionColumns[${index}]`)}
            className="min-w-0 flex-1 sm:max-w-sm"
          >
            <Input
              mono
              value={column.name}
              placeholder="ds"
              onChange={(event) =>
                set(
                  partitionColumns.map((one) =>
                    one.id === column.id ? { ...one, name: event.target.value } : one,
                  ),
                )
              }
            />
          </Field>
          <Button
            look="ghost"
            size="icon"
            className="mt-6.5"
            aria-label={`Remove partition column ${index + 1}`}
            onClick={() => set(partitionColumns.filter(({ id }) => id !== column.id))}
          >
            <Trash2 />
          </Button>
        </div>
      ))}
      {partitionColumns.length < partitionColumnsMax && (
        <Button
          size="small"
          className="self-start"
          onClick={() => set([...partitionColumns, { id: newColumn().id, name: "" }])}
        >
          <Plus aria-hidden /> Add a partition column
        </Button>
      )}
    </fieldset>
  );
}
