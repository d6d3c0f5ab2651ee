"use client";

import type { ReactNode } from "react";
import { Field, Input, Select, Textarea } from "@/app/_ui/field";
import type { CellDraft } from "./cell-draft";

export function CellInput(props: {
  draft: CellDraft;
  label: ReactNode;
  readOnly?: boolean;
  hint?: string | undefined;
  errors: readonly string[];
  onChange: (text: string) => void;
}) {
  const { draft, readOnly = false } = props;
  const control = {
    value: draft.text,
    onChange: (event: { target: { value: string } }) => props.onChange(event.target.value),
  };
  return (
    <Field
      label={props.label}
      errors={props.errors}
      {...(props.hint === undefined ? {} : { hint: props.hint })}
      className="min-w-0 flex-1"
    >
      {draft.type === "boolean" ? (
        <Select {...control} disabled={readOnly}>
          <option value="true">true</option>
          <option value="false">false</option>
        </Select>
      ) : draft.type === "string" && !readOnly ? (
        // Not a single line: that would drop a text's line breaks without a word.
        <Textarea
          {...control}
          rows={Math.min(6, draft.text.split("\n").length)}
          className="min-h-9! font-mono text-[13px]"
        />
      ) : (
        <Input
          mono
          {...control}
          readOnly={readOnly}
          inputMode={draft.type === "integer" || draft.type === "double" ? "decimal" : "text"}
          placeholder={draft.type === "binary" ? "base64" : undefined}
        />
      )}
    </Field>
  );
}
