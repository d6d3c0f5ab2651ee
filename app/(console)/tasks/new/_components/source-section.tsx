"use client";

import Link from "next/link";
import { Field, Select } from "@/app/_ui/field";
import { useList } from "@/app/(console)/_components/use-list";
import type { SourceView } from "@/lib/contracts/source-body";
import { FormSection } from "./form-section";
import type { SectionProps } from "./task-draft";

const listedMax = 500;

export function SourceSection({ draft, change, errorsOf }: SectionProps) {
  const sources = useList<SourceView>("/sources", { limit: listedMax });
  const tables = useTables(draft.sourceId);
  return (
    <FormSection title="Source" description="The table whose rows are delivered.">
      <div className="grid gap-5 sm:grid-cols-2">
        <Field
          label="Source"
          errors={errorsOf("sourceId")}
          hint={sources.items?.length === 0 ? <NoSource /> : undefined}
        >
          <Select
            value={draft.sourceId}
            onChange={(event) => change({ sourceId: event.target.value, table: "", columns: [] })}
          >
            <option value="">Choose a source</option>
            {sources.items?.map((source) => (
              <option key={source.id} value={source.id}>
                {source.name} ({source.instance})
              </option>
            ))}
          </Select>
        </Field>
        <Field
          label="Source table"
          errors={[...errorsOf("table"), ...(tables.problem ? [tables.problem.title] : [])]}
        >
          <Select
            value={draft.table}
            disabled={draft.sourceId === "" || !tables.items}
            onChange={(event) => change({ table: event.target.value, columns: [] })}
          >
            <option value="">{tableHint(draft.sourceId, tables.items)}</option>
            {tables.items?.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </Select>
        </Field>
      </div>
    </FormSection>
  );
}

/** Asked only once there is a source to ask. */
function useTables(sourceId: string) {
  return useList<{ name: string }>(`/sources/${encodeURIComponent(sourceId)}/tables`, {
    limit: listedMax,
    enabled: sourceId !== "",
  });
}

function tableHint(sourceId: string, tables: readonly unknown[] | undefined): string {
  if (sourceId === "") return "Choose a source first";
  if (!tables) return "Loading tables…";
  return tables.length === 0 ? "The source has no table yet" : "Choose a table";
}

function NoSource() {
  return (
    <>
      There is no source yet.{" "}
      <Link className="underline" href="/sources">
        Add one
      </Link>
      .
    </>
  );
}
