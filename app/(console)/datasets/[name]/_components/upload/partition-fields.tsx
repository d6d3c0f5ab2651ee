"use client";

import { useId } from "react";
import { Field, Input } from "@/app/_ui/field";
import type { DatasetView } from "@/lib/contracts/dataset-body";
import type { PartitionView } from "@/lib/contracts/dataset-lists";
import { explainPartitionValue, partitionOf } from "@/lib/core/dataset-partition";

export type PartitionValues = ReadonlyMap<string, string>;

/** The spec that the values make, as sessions take it; null while one is missing or cannot be. */
export function specOf(
  dataset: Pick<DatasetView, "folder" | "partitionColumns">,
  values: PartitionValues,
): string | null {
  const read = partitionOf(dataset, values);
  return read.kind === "partition" ? read.partition.spec : null;
}

/** One value per partition column: typed, or chosen of those that are there. */
export function PartitionFields(props: {
  dataset: DatasetView;
  present: readonly PartitionView[];
  values: PartitionValues;
  onChange: (values: PartitionValues) => void;
}) {
  const { dataset, values } = props;
  const listId = useId();
  return (
    <fieldset>
      <legend className="mb-1.5 text-[13px] font-medium">Partition</legend>
      <div className="grid gap-3 sm:grid-cols-2">
        {dataset.partitionColumns.map((name, index) => {
          const value = values.get(name) ?? "";
          const reason = value === "" ? null : explainPartitionValue(value);
          return (
            <Field
              key={name}
              label={<span className="font-mono">{name}</span>}
              errors={reason === null ? [] : [`The value ${reason}.`]}
            >
              <Input
                mono
                value={value}
                list={`${listId}-${index}`}
                autoComplete="off"
                placeholder="Choose or type a value"
                onChange={(event) => props.onChange(new Map(values).set(name, event.target.value))}
              />
              <datalist id={`${listId}-${index}`}>
                {valuesOf(props.present, name).map((one) => (
                  <option key={one} value={one} />
                ))}
              </datalist>
            </Field>
          );
        })}
      </div>
    </fieldset>
  );
}

/** The values of one column in `ds=20260101,region=eu` and its like. */
function valuesOf(present: readonly PartitionView[], column: string): string[] {
  const found = present.flatMap(({ spec }) =>
    spec.split(",").flatMap((level) => {
      const [name, value] = level.split("=");
      return name === column && value !== undefined ? [value] : [];
    }),
  );
  return [...new Set(found)].sort();
}
