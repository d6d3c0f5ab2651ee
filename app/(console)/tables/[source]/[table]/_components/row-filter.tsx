"use client";

import { Search, X } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Button } from "@/app/_ui/button";
import { Input, Select } from "@/app/_ui/field";
import type { TableView } from "@/lib/contracts/source-body";

type Column = TableView["primaryKey"][number];
const kinds = {
  equals: "is",
  prefix: "begins with",
  range: "is from … to",
} as const;
type Kind = keyof typeof kinds;

/** Rows are kept by their key, so its first column is what a range of them can be found by. */
export function RowFilter(props: {
  column: Column;
  isFiltered: boolean;
  onApply: (filter: URLSearchParams) => void;
}) {
  const { column } = props;
  const [kind, setKind] = useState<Kind>(column.type === "string" ? "prefix" : "equals");
  const [one, setOne] = useState("");
  const [other, setOther] = useState("");
  const apply = (event: FormEvent) => {
    event.preventDefault();
    const query = new URLSearchParams();
    if (kind === "range") {
      if (one !== "") query.set("keyFrom", one);
      if (other !== "") query.set("keyTo", other);
    } else if (one !== "") {
      query.set(kind === "equals" ? "keyEquals" : "keyPrefix", one);
    }
    props.onApply(query);
  };
  const clear = () => {
    setOne("");
    setOther("");
    props.onApply(new URLSearchParams());
  };
  const placeholder = column.type === "binary" ? "base64" : column.type;
  return (
    <form onSubmit={apply} className="flex flex-wrap items-center gap-2">
      <span className="max-w-40 truncate font-mono text-xs" title={column.name}>
        {column.name}
      </span>
      <Select
        aria-label={`How ${column.name} is compared`}
        value={kind}
        onChange={(event) => setKind(event.target.value as Kind)}
        className="max-w-36"
      >
        {Object.entries(kinds)
          .filter(([name]) => name !== "prefix" || column.type !== "integer")
          .map(([name, label]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
      </Select>
      <Input
        mono
        aria-label={kind === "range" ? `${column.name} from` : `Value of ${column.name}`}
        placeholder={kind === "range" ? "from the first" : placeholder}
        value={one}
        onChange={(event) => setOne(event.target.value)}
        className="flex-1 basis-32 sm:max-w-44"
      />
      {kind === "range" && (
        <Input
          mono
          aria-label={`${column.name} to`}
          placeholder="to the last"
          value={other}
          onChange={(event) => setOther(event.target.value)}
          className="flex-1 basis-32 sm:max-w-44"
        />
      )}
      <Button type="submit">
        <Search aria-hidden /> Filter
      </Button>
      {props.isFiltered && (
        <Button look="ghost" onClick={clear}>
          <X aria-hidden /> Clear
        </Button>
      )}
    </form>
  );
}
