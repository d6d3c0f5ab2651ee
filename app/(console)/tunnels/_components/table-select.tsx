"use client";

import { Select } from "@/app/_ui/field";
import { useList } from "@/app/(console)/_components/use-list";
import { apiPaths } from "@/app/(console)/tables/_components/paths";

const tablesShownMax = 500;

/** One of the source's tables, or none of them. Without `label` it takes that of the field it is in. */
export function TableSelect(props: {
  source: string;
  label?: string;
  empty: string;
  value: string | null;
  onChange: (table: string | null) => void;
  className?: string;
}) {
  const list = useList<{ name: string }>(apiPaths.tables(props.source), { limit: tablesShownMax });
  const names = (list.items ?? []).map(({ name }) => name);
  const missing = props.value !== null && !names.includes(props.value) ? [props.value] : [];
  return (
    <Select
      {...(props.label === undefined ? {} : { "aria-label": props.label })}
      value={props.value ?? ""}
      onChange={(event) => props.onChange(event.target.value === "" ? null : event.target.value)}
      className={props.className}
    >
      <option value="">{props.empty}</option>
      {[...missing, ...names].map((name) => (
        <option key={name}>{name}</option>
      ))}
    </Select>
  );
}
