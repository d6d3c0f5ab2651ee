"use client";

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { callApi, problemOf } from "@/app/_api-client/request";
import { Button } from "@/app/_ui/button";
import { Dialog } from "@/app/_ui/dialog";
import { Field, Input } from "@/app/_ui/field";
import { ProblemNotice } from "@/app/(console)/_components/problem-notice";
import { apiPaths } from "@/app/(console)/tables/_components/paths";
import type { TableView } from "@/lib/contracts/source-body";

export function DeleteTableDialog(props: {
  source: string;
  table: TableView;
  onClose: () => void;
  onDeleted: () => void;
}) {
  const { name } = props.table;
  const [typed, setTyped] = useState("");
  const remove = useMutation({
    mutationFn: () => callApi(apiPaths.table(props.source, name), { method: "DELETE" }),
    onSuccess: props.onDeleted,
  });
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && props.onClose()}
      title={`Delete ${name}?`}
      description="All its rows, its stream and its tunnels go with it. This cannot be undone."
      footer={
        <>
          <Button onClick={props.onClose}>Keep it</Button>
          <Button
            look="danger"
            disabled={typed !== name || remove.isPending}
            onClick={() => remove.mutate()}
          >
            {remove.isPending ? "Deleting…" : "Delete the table"}
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
