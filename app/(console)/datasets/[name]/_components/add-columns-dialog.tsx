"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { callApi, fieldErrors, problemOf } from "@/app/_api-client/request";
import { Button } from "@/app/_ui/button";
import { Dialog } from "@/app/_ui/dialog";
import { ProblemNotice } from "@/app/(console)/_components/problem-notice";
import {
  ColumnFields,
  columnErrors,
  type DraftColumn,
  newColumn,
} from "@/app/(console)/datasets/_components/column-fields";
import { datasetApi } from "@/app/(console)/datasets/_components/dataset-paths";
import type { DatasetView } from "@/lib/contracts/dataset-body";

/** The columns as they were when it opened, and new ones behind them. */
export function AddColumnsDialog(props: { dataset: DatasetView; onClose: () => void }) {
  const formId = useId();
  const client = useQueryClient();
  const [dataset] = useState(props.dataset);
  const [columns, setColumns] = useState<readonly DraftColumn[]>(() => [newColumn()]);
  const present = dataset.columns.length;
  const save = useMutation({
    mutationFn: () =>
      callApi<DatasetView>(datasetApi.one(dataset.name), {
        method: "PATCH",
        body: {
          columns: [...dataset.columns, ...columns.map(({ name, type }) => ({ name, type }))],
        },
      }),
    onSuccess: (changed) => {
      client.setQueryData(["dataset", dataset.name], changed);
      props.onClose();
    },
  });
  const problem = save.error ? problemOf(save.error) : null;
  const shown = (problem?.errors ?? [])
    .map(({ field }) => field)
    .filter((field) => Number(/^columns\[(\d+)\]/.exec(field)?.[1] ?? -1) >= present);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => !open && props.onClose()}
      title={`Add columns to ${dataset.name}`}
      description="They begin a new schema version and cannot be taken back. Stream sessions have to take the new version before they go on."
      footer={
        <>
          <Button onClick={props.onClose}>Cancel</Button>
          <Button type="submit" form={formId} look="primary" disabled={save.isPending}>
            {save.isPending ? "Adding…" : "Add"}
          </Button>
        </>
      }
    >
      <form id={formId} onSubmit={submit} noValidate className="flex flex-col gap-5">
        {problem && <ProblemNotice problem={problem} shownFields={shown} />}
        <ColumnFields
          legend="New columns"
          hint={`They stand behind the ${present} that are there, in this order.`}
          columns={columns}
          after={present}
          onChange={setColumns}
          errorsOf={(index) =>
            columnErrors((field) => fieldErrors(problem, field), present + index)
          }
        />
      </form>
    </Dialog>
  );
}
