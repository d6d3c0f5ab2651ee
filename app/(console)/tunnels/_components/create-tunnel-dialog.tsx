"use client";

import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { callApi, fieldErrors, problemOf } from "@/app/_api-client/request";
import { Button } from "@/app/_ui/button";
import { Dialog } from "@/app/_ui/dialog";
import { Field, Input, Select } from "@/app/_ui/field";
import { ProblemNotice } from "@/app/(console)/_components/problem-notice";
import { apiPaths } from "@/app/(console)/tables/_components/paths";
import type { TunnelView } from "@/lib/contracts/tunnel-body";
import { TableSelect } from "./table-select";
import { typeWords } from "./tunnel-words";

/** For a reader of one's own: a delivery task makes its tunnel by itself. */
export function CreateTunnelDialog(props: {
  source: string;
  table: string | null;
  onClose: () => void;
  onCreated: (tunnel: TunnelView) => void;
}) {
  const formId = useId();
  const [table, setTable] = useState(props.table);
  const [name, setName] = useState("");
  const [type, setType] = useState("BaseAndStream");
  const create = useMutation({
    mutationFn: () =>
      callApi<TunnelView>(apiPaths.tunnels(props.source, table ?? ""), {
        method: "POST",
        body: { name, type },
      }),
    onSuccess: (made) => {
      props.onClose();
      props.onCreated(made);
    },
  });
  const problem = create.error ? problemOf(create.error) : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && props.onClose()}
      title="Create a tunnel"
      description="Its stream begins now. The table's stream is switched on where the type needs it."
      footer={
        <>
          <Button onClick={props.onClose}>Cancel</Button>
          <Button
            type="submit"
            form={formId}
            look="primary"
            disabled={create.isPending || table === null}
          >
            {create.isPending ? "Creating…" : "Create the tunnel"}
          </Button>
        </>
      }
    >
      <form id={formId} onSubmit={submit} noValidate className="flex flex-col gap-4">
        {problem && <ProblemNotice problem={problem} shownFields={["name", "type"]} />}
        <Field label="Table">
          <TableSelect
            source={props.source}
            empty="Choose a table"
            value={table}
            onChange={setTable}
          />
        </Field>
        <Field label="Name" errors={fieldErrors(problem, "name")}>
          <Input mono value={name} onChange={(event) => setName(event.target.value)} />
        </Field>
        <Field label="Type" errors={fieldErrors(problem, "type")}>
          <Select value={type} onChange={(event) => setType(event.target.value)}>
            {Object.entries(typeWords).map(([value, words]) => (
              <option key={value} value={value}>
                {value}: {words}
              </option>
            ))}
          </Select>
        </Field>
      </form>
    </Dialog>
  );
}
