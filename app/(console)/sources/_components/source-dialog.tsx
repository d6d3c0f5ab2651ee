"use client";

import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { callApi, fieldErrors, problemOf } from "@/app/_api-client/request";
import { Button } from "@/app/_ui/button";
import { Dialog } from "@/app/_ui/dialog";
import { Field, Input } from "@/app/_ui/field";
import { ProblemNotice } from "@/app/(console)/_components/problem-notice";
import type { SourceView } from "@/lib/contracts/source-body";

/** Creates a source, or mends one: its instance is what it is, everything else may be wrong and be put right. */
export function SourceDialog({
  source,
  onClose,
  onSaved,
}: {
  source: SourceView | null;
  onClose: () => void;
  onSaved: () => void;
}) {
  const formId = useId();
  const [values, setValues] = useState({
    name: source?.name ?? "",
    endpoint: source?.endpoint ?? "",
    instance: source?.instance ?? "",
    accessKeyId: source?.accessKeyId ?? "",
    accessKeySecret: "",
  });
  const save = useMutation({
    mutationFn: () => {
      const { instance, accessKeySecret, ...rest } = values;
      if (!source)
        return callApi("/sources", {
          method: "POST",
          body: { ...rest, instance, accessKeySecret },
        });
      return callApi(`/sources/${encodeURIComponent(source.id)}`, {
        method: "PATCH",
        body: { ...rest, ...(accessKeySecret ? { accessKeySecret } : {}) },
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
      title={source ? `Edit ${source.name}` : "Add a source"}
      description="Culvert reads tables and their tunnels with this key. The secret is stored encrypted and never shown again."
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
          <Input {...field("name")} placeholder="Orders, production" />
        </Field>
        <Field label="Endpoint" errors={fieldErrors(problem, "endpoint")}>
          <Input
            mono
            {...field("endpoint")}
            placeholder="https://orders.cn-hangzhou.ots.aliyuncs.com"
          />
        </Field>
        <Field label="Instance" errors={fieldErrors(problem, "instance")}>
          <Input mono {...field("instance")} readOnly={source !== null} />
        </Field>
        <Field label="Access key id" errors={fieldErrors(problem, "accessKeyId")}>
          <Input mono {...field("accessKeyId")} autoComplete="off" />
        </Field>
        <Field
          label="Access key secret"
          errors={fieldErrors(problem, "accessKeySecret")}
          hint={source ? "Leave empty to keep the one that is stored." : undefined}
        >
          <Input mono type="password" {...field("accessKeySecret")} autoComplete="new-password" />
        </Field>
      </form>
    </Dialog>
  );
}
