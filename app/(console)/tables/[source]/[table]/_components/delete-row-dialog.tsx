"use client";

import { useMutation } from "@tanstack/react-query";
import { callApi, problemOf } from "@/app/_api-client/request";
import { Button } from "@/app/_ui/button";
import { Dialog } from "@/app/_ui/dialog";
import { ProblemNotice } from "@/app/(console)/_components/problem-notice";
import type { RowView } from "@/lib/contracts/row-body";
import { keyTextOf } from "./row-table";

export function DeleteRowDialog(props: {
  path: string;
  row: RowView;
  onClose: () => void;
  onDeleted: () => void;
}) {
  const remove = useMutation({
    mutationFn: () =>
      callApi(`${props.path}/delete`, { method: "POST", body: { key: props.row.key } }),
    onSuccess: () => {
      props.onDeleted();
      props.onClose();
    },
  });
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && props.onClose()}
      title={<span className="break-all">Delete row {keyTextOf(props.row)}?</span>}
      description="All its columns go. Tunnels see the change; objects that were delivered keep the row."
      footer={
        <>
          <Button onClick={props.onClose}>Keep it</Button>
          <Button look="danger" disabled={remove.isPending} onClick={() => remove.mutate()}>
            {remove.isPending ? "Deleting…" : "Delete the row"}
          </Button>
        </>
      }
    >
      {remove.error && <ProblemNotice problem={problemOf(remove.error)} />}
    </Dialog>
  );
}
