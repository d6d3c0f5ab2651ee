"use client";

import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { callApi, fieldErrors, problemOf } from "@/app/_api-client/request";
import { Button } from "@/app/_ui/button";
import { Dialog } from "@/app/_ui/dialog";
import { Field, Input } from "@/app/_ui/field";
import { ProblemNotice } from "@/app/(console)/_components/problem-notice";
import type { DestinationView } from "@/lib/contracts/destination-body";

/** Creates a destination, or mends one: tasks that wait for it go on by themselves. */
export function DestinationDialog({
  destination,
  onClose,
  onSaved,
}: {
  destination: DestinationView | null;
  onClose: () => void;
  onSaved: () => void;
}) {
  const formId = useId();
  const [values, setValues] = useState({
    name: destination?.name ?? "",
    bucket: destination?.bucket ?? "",
    region: destination?.region ?? "us-east-1",
    endpoint: destination?.endpoint ?? "",
    accessKeyId: destination?.accessKeyId ?? "",
    secretAccessKey: "",
  });
  const save = useMutation({
    mutationFn: () => {
      const { secretAccessKey, name, endpoint, ...rest } = values;
      const body = {
        ...rest,
        endpoint: endpoint.trim() === "" ? null : endpoint.trim(),
        ...(name.trim() ? { name } : {}),
      };
      if (!destination)
        return callApi("/destinations", { method: "POST", body: { ...body, secretAccessKey } });
      return callApi(`/destinations/${encodeURIComponent(destination.id)}`, {
        method: "PATCH",
        body: { ...body, ...(secretAccessKey ? { secretAccessKey } : {}) },
      });
    },
    onSuccess: () => {
      onSaved();
      onClose();
    },
  });
  const problem = save.error ? problemOf(save.error) : null;
  const field = (name: keyof typeof values) => ({
    value: values[name],
    onChange: (event: { target: { value: string } }) =>
      setValues((current) => ({ ...current, [name]: event.target.value })),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={destination ? `Edit ${destination.name}` : "Add a destination"}
      description="Culvert writes objects with this key. The secret is stored encrypted and never shown again."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={formId} look="primary" disabled={save.isPending}>
            {save.isPending ? "Saving…" : "Save"}
          </Button>
        </>
      }
    >
      <form id={formId} onSubmit={submit} noValidate className="flex flex-col gap-4">
        {problem && <ProblemNotice problem={problem} shownFields={Object.keys(values)} />}
        <Field label="Name" optional errors={fieldErrors(problem, "name")}>
          <Input {...field("name")} placeholder="Data lake, production" />
        </Field>
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label="Bucket" errors={fieldErrors(problem, "bucket")}>
            <Input mono {...field("bucket")} placeholder="acme-lake" />
          </Field>
          <Field label="Region" errors={fieldErrors(problem, "region")}>
            <Input mono {...field("region")} />
          </Field>
        </div>
        <Field
          label="Endpoint"
          optional
          errors={fieldErrors(problem, "endpoint")}
          hint="Empty for AWS. For other stores their S3 address."
        >
          <Input mono {...field("endpoint")} placeholder="https://s3.example.com" />
        </Field>
        <Field label="Access key id" errors={fieldErrors(problem, "accessKeyId")}>
          <Input mono {...field("accessKeyId")} autoComplete="off" />
        </Field>
        <Field
          label="Secret access key"
          errors={fieldErrors(problem, "secretAccessKey")}
          hint={destination ? "Leave empty to keep the one that is stored." : undefined}
        >
          <Input mono type="password" {...field("secretAccessKey")} autoComplete="new-password" />
        </Field>
      </form>
    </Dialog>
  );
}
