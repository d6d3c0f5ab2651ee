"use client";

import { Plus, Trash2 } from "lucide-react";
import { Button } from "@/app/_ui/button";
import { ChoiceCards } from "@/app/_ui/choice-cards";
import { Select } from "@/app/_ui/field";
import type { DatasetView } from "@/lib/contracts/dataset-body";
import { mergeBounds } from "@/lib/core/merge-settings";
import type { MergeDraft } from "./merge-draft";

const kinds = [
  { value: "none", label: "As written", hint: "The cheapest; rows keep their order." },
  {
    value: "sorted",
    label: "Sorted",
    hint: "Readers skip what they do not ask for, by the first column above all.",
  },
  { value: "zordered", label: "Z-ordered", hint: "Readers skip by each of the columns alike." },
] as const;

/** How rows lie in the merged copies. */
export function OrderFields(props: {
  dataset: DatasetView;
  draft: MergeDraft;
  change: (part: Partial<MergeDraft>) => void;
  errorsOf: (field: string) => string[];
}) {
  const { draft, change, errorsOf } = props;
  const { orderKind, orderColumns } = draft;
  const columnsMin = orderKind === "zordered" ? 2 : 1;
  const chosen = [...orderColumns, ...Array(columnsMin).fill("")].slice(
    0,
    Math.max(columnsMin, orderColumns.length),
  ) as string[];
  const set = (index: number, name: string) =>
    change({ orderColumns: chosen.map((one, at) => (at === index ? name : one)) });
  return (
    <div className="flex flex-col gap-3">
      <ChoiceCards
        legend="Order of rows"
        name="merge-order"
        value={orderKind}
        choices={kinds}
        onChange={(next) => change({ orderKind: next })}
      />
      {orderKind !== "none" && (
        <div className="flex flex-col gap-2">
          {chosen.map((name, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a place in the order is what it is
            <div key={index} className="flex items-center gap-2">
              <Select
                aria-label={`Order column ${index + 1}`}
                aria-invalid={errorsOf(`order.columns[${index}]`).length > 0 || undefined}
                value={name}
                className="sm:max-w-xs"
                onChange={(event) => set(index, event.target.value)}
              >
                <option value="">Choose a column</option>
                {props.dataset.columns
                  .filter(({ type }) => type !== "BINARY")
                  .map((column) => (
                    <option key={column.name}>{column.name}</option>
                  ))}
              </Select>
              {chosen.length > columnsMin && (
                <Button
                  look="ghost"
                  size="icon"
                  aria-label={`Remove order column ${index + 1}`}
                  onClick={() => change({ orderColumns: chosen.filter((_, at) => at !== index) })}
                >
                  <Trash2 />
                </Button>
              )}
            </div>
          ))}
          {chosen.length < mergeBounds.orderColumnsMax && (
            <Button
              size="small"
              className="self-start"
              onClick={() => change({ orderColumns: [...chosen, ""] })}
            >
              <Plus aria-hidden /> Add an order column
            </Button>
          )}
        </div>
      )}
      {[
        ...errorsOf("order"),
        ...errorsOf("order.columns"),
        ...chosen.flatMap((_, index) => errorsOf(`order.columns[${index}]`)),
      ].map((message) => (
        <p key={message} role="alert" className="text-[13px] text-bad">
          {message}
        </p>
      ))}
    </div>
  );
}
