"use client";

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { callApi, problemOf } from "@/app/_api-client/request";
import { Button } from "@/app/_ui/button";
import { Dialog } from "@/app/_ui/dialog";
import { Field, Input } from "@/app/_ui/field";
import { formatNumber } from "@/app/_ui/format-quantity";
import { ProblemNotice } from "@/app/(console)/_components/problem-notice";
import { datasetApi } from "@/app/(console)/datasets/_components/dataset-paths";
import type { DatasetView } from "@/lib/contracts/dataset-body";

export function DeleteDatasetDialog(props: {
  dataset: DatasetView;
  onClose: () => void;
  onDeleted: () => void;
}) {
  const { name, objects, bucket } = props.dataset;
  const [typed, setTyped] = useState("");
  const remove = useMutation({
    mutationFn: () => callApi(datasetApi.one(name), { method: "DELETE" }),
    onSuccess: props.onDeleted,
  });
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && props.onClose()}
      title={`Delete ${name}?`}
      description={`Culvert forgets the dataset and its sessions. Its ${formatNumber(objects, "object")} stay in ${bucket}; a dataset of the same columns made in the same folder takes them over.`}
      footer={
        <>
          <Button onClick={props.onClose}>Keep it</Button>
          <Button
            look="danger"
            disabled={typed !== name || remove.isPending}
            onClick={() => remove.mutate()}
          >
            {remove.isPending ? "Deleting…" : "Delete the dataset"}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        {remove.error && <ProblemNotice problem={problemOf(remove.error)} />}
        <Field label={`Type ${name} to confirm`}>
          <Input
            mono
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            autoComplete="off"
          />
        </Field>
      </div>
    </Dialog>
  );
}
