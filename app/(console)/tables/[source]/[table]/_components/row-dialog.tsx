"use client";

import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { callApi, fieldErrors, problemOf } from "@/app/_api-client/request";
import { Button } from "@/app/_ui/button";
import { Dialog } from "@/app/_ui/dialog";
import { useMay } from "@/app/(console)/_components/person-role";
import { ProblemNotice } from "@/app/(console)/_components/problem-notice";
import type { RowView } from "@/lib/contracts/row-body";
import type { TableView } from "@/lib/contracts/source-body";
import { AttributeFields } from "./attribute-fields";
import { type CellDraft, cellOf, draftOf, isSameCell, newDraft } from "./cell-draft";
import { CellInput } from "./cell-input";

type Props = {
  /** Of the table's rows. */
  path: string;
  table: TableView;
  /** null: a new one. */
  row: RowView | null;
  onClose: () => void;
  onSaved: () => void;
};

/** A row in full. What is saved is what was changed: columns left alone keep the bytes they have. */
export function RowDialog({ path, table, row, onClose, onSaved }: Props) {
  const mayWrite = useMay("administrator");
  const formId = useId();
  const [key, setKey] = useState<readonly CellDraft[]>(() =>
    row ? row.key.map(draftOf) : table.primaryKey.map(({ name, type }) => newDraft(name, type)),
  );
  const [attributes, setAttributes] = useState<readonly CellDraft[]>(() =>
    (row?.attributes ?? []).map(draftOf),
  );
  const request = row ? updateOf(row, attributes) : insertOf(table, key, attributes);
  const save = useMutation({
    mutationFn: () => callApi(path, { method: row ? "PATCH" : "POST", body: request.body }),
    onSuccess: () => {
      onSaved();
      onClose();
    },
  });
  const problem = save.error ? problemOf(save.error) : null;
  /** The API names a cell by its place in the request, or a column by its name. */
  const errorsOf = (draft: CellDraft): string[] => {
    const at = request.sent.indexOf(draft);
    const place = `${request.list}[${at}]`;
    const fields = at === -1 ? [draft.name] : [`${place}.value`, `${place}.name`, draft.name];
    return fields.flatMap((field) => fieldErrors(problem, field));
  };
  const shown = [...key, ...attributes].flatMap((draft) => {
    const place = `${request.list}[${request.sent.indexOf(draft)}]`;
    return [`${place}.value`, `${place}.name`, draft.name];
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => !open && onClose()}
      title={row ? (mayWrite ? "Edit the row" : "Row") : `Insert a row into ${table.name}`}
      description="Integers are exact to 64 bits. Binary values are base64."
      footer={
        mayWrite ? (
          <>
            <Button onClick={onClose}>Cancel</Button>
            <Button
              type="submit"
              form={formId}
              look="primary"
              disabled={save.isPending || !request.hasChanges}
            >
              {save.isPending ? "Saving…" : row ? "Save" : "Insert"}
            </Button>
          </>
        ) : (
          <Button onClick={onClose}>Close</Button>
        )
      }
    >
      <form id={formId} onSubmit={submit} noValidate className="flex flex-col gap-5">
        {problem && <ProblemNotice problem={problem} shownFields={shown} />}
        <fieldset className="flex min-w-0 flex-col gap-3">
          <legend className="mb-2 text-sm font-semibold">Key</legend>
          {key.map((draft) => (
            <CellInput
              key={draft.id}
              draft={draft}
              label={
                <>
                  <span className="font-mono break-all">{draft.name}</span>
                  <span className="text-xs font-normal text-ink-muted">{draft.type}</span>
                </>
              }
              readOnly={row !== null}
              hint={
                row === null && draft.name === table.autoIncrementColumn
                  ? "Left empty, the source gives the next number."
                  : undefined
              }
              errors={errorsOf(draft)}
              onChange={(text) =>
                setKey(key.map((one) => (one.id === draft.id ? { ...one, text } : one)))
              }
            />
          ))}
        </fieldset>
        <AttributeFields
          table={table}
          attributes={attributes}
          mayWrite={mayWrite}
          errorsOf={errorsOf}
          onChange={setAttributes}
        />
      </form>
    </Dialog>
  );
}

type RowRequest = {
  readonly body: unknown;
  /** The drafts in the order of the request's list of cells. */
  readonly sent: readonly CellDraft[];
  readonly list: "cells" | "set";
  readonly hasChanges: boolean;
};

function insertOf(
  table: TableView,
  key: readonly CellDraft[],
  attributes: readonly CellDraft[],
): RowRequest {
  const given = key.filter(({ name, text }) => name !== table.autoIncrementColumn || text !== "");
  const sent = [...given, ...attributes];
  return { body: { cells: sent.map(cellOf) }, sent, list: "cells", hasChanges: true };
}

function updateOf(row: RowView, attributes: readonly CellDraft[]): RowRequest {
  const sent = attributes.filter(
    (draft) =>
      !isSameCell(
        draft,
        row.attributes.find(({ name }) => name === draft.name),
      ),
  );
  const remove = row.attributes
    .map(({ name }) => name)
    .filter((name) => !attributes.some((draft) => draft.name === name));
  return {
    body: { key: row.key, set: sent.map(cellOf), remove },
    sent,
    list: "set",
    hasChanges: sent.length + remove.length > 0,
  };
}
