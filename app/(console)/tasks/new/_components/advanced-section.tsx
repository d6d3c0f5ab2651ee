"use client";

import { Field, Input, Select } from "@/app/_ui/field";
import { metadataColumnSchema } from "@/lib/contracts/task-settings";
import { FormSection } from "./form-section";
import type { SectionProps, TaskDraft } from "./task-draft";

const metadataHints = {
  _action: "put, update or delete",
  _written_at: "when the record was written, microseconds",
  _sequence: "the record's place in its channel",
} as const;

export function AdvancedSection(section: SectionProps) {
  return (
    <FormSection
      title="Objects"
      description="When a batch is closed, and what its objects look like."
    >
      <ObjectFields {...section} />
    </FormSection>
  );
}

/** Without the names' ending when a task is edited: what has been delivered rests on it. */
export function ObjectFields({
  draft,
  change,
  errorsOf,
  isEditing = false,
}: SectionProps & { isEditing?: boolean }) {
  const toggle = (name: TaskDraft["metadataColumns"][number], on: boolean) =>
    change({
      metadataColumns: metadataColumnSchema.options.filter((known) =>
        known === name ? on : draft.metadataColumns.includes(known),
      ),
    });
  return (
    <>
      <div className="grid gap-5 sm:grid-cols-2">
        <Field
          label="Flush after, seconds"
          errors={errorsOf("flush.seconds")}
          hint="5 to 900; also when no new record comes."
        >
          <Input
            inputMode="numeric"
            value={draft.flushSeconds}
            onChange={(event) => change({ flushSeconds: event.target.value })}
          />
        </Field>
        <Field label="Flush at, MiB" errors={errorsOf("flush.bytes")} hint="Whichever comes first.">
          <Input
            inputMode="decimal"
            value={draft.flushMiB}
            onChange={(event) => change({ flushMiB: event.target.value })}
          />
        </Field>
        <Field label="Compression" errors={errorsOf("compression")}>
          <Select
            value={draft.compression}
            onChange={(event) =>
              change({ compression: event.target.value as TaskDraft["compression"] })
            }
          >
            <option value="uncompressed">None, as documented</option>
            <option value="snappy">Snappy</option>
            <option value="zstd">Zstandard</option>
          </Select>
        </Field>
        {!isEditing && (
          <Field label="Object names" errors={errorsOf("objectSuffix")}>
            <Select
              value={draft.objectSuffix}
              onChange={(event) =>
                change({ objectSuffix: event.target.value as TaskDraft["objectSuffix"] })
              }
            >
              <option value="">No extension, as documented</option>
              <option value=".parquet">End in .parquet</option>
            </Select>
          </Field>
        )}
      </div>
      <div className="flex flex-col gap-3">
        <Check
          label="Keep dirty values as NDJSON objects"
          checked={draft.keepDirty}
          onChange={(keepDirty) => change({ keepDirty })}
        />
        {draft.keepDirty && (
          <Field
            label="Folder of dirty values"
            optional
            errors={errorsOf("dirtyPrefix")}
            hint="Outside the task's own folder, so that no reader of the rows meets it."
          >
            <Input
              mono
              value={draft.dirtyPrefix}
              placeholder={`_dirty/${draft.name || "task"}/`}
              onChange={(event) => change({ dirtyPrefix: event.target.value })}
            />
          </Field>
        )}
      </div>
      <fieldset>
        <legend className="mb-1.5 text-[13px] font-medium">Metadata columns</legend>
        <p className="mb-2 text-[13px] text-ink-muted">
          They let a reader rebuild the table's state from its changes.
        </p>
        <div className="flex flex-col gap-2">
          {metadataColumnSchema.options.map((name) => (
            <Check
              key={name}
              label={
                <>
                  <code className="font-mono text-xs">{name}</code>{" "}
                  <span className="text-ink-muted">{metadataHints[name]}</span>
                </>
              }
              checked={draft.metadataColumns.includes(name)}
              onChange={(on) => toggle(name, on)}
            />
          ))}
        </div>
      </fieldset>
    </>
  );
}

function Check({
  label,
  checked,
  onChange,
}: {
  label: React.ReactNode;
  checked: boolean;
  onChange: (checked: boolean) => void;
}) {
  return (
    <label className="flex items-start gap-2.5 text-sm">
      <input
        type="checkbox"
        checked={checked}
        onChange={(event) => onChange(event.target.checked)}
        className="mt-0.5 size-4 accent-(--accent)"
      />
      <span>{label}</span>
    </label>
  );
}
