"use client";

import { useMutation } from "@tanstack/react-query";
import { callApi, problemOf } from "@/app/_api-client/request";
import { Button } from "@/app/_ui/button";
import { Dialog } from "@/app/_ui/dialog";
import { ProblemNotice } from "./problem-notice";

/** Asks, deletes, and shows why not: what tasks use cannot go. */
export function DeleteResourceDialog(props: {
  /** Under /api/v1. */
  path: string;
  name: string;
  consequence: string;
  onClose: () => void;
  onDeleted: () => void;
}) {
  const remove = useMutation({
    mutationFn: () => callApi(props.path, { method: "DELETE" }),
    onSuccess: () => {
      props.onDeleted();
      props.onClose();
    },
  });
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && props.onClose()}
      title={`Delete ${props.name}?`}
      description={props.consequence}
      footer={
        <>
          <Button onClick={props.onClose}>Keep it</Button>
          <Button look="danger" disabled={remove.isPending} onClick={() => remove.mutate()}>
            {remove.isPending ? "Deleting…" : "Delete"}
          </Button>
        </>
      }
    >
      {remove.error && <ProblemNotice problem={problemOf(remove.error)} />}
    </Dialog>
  );
}
