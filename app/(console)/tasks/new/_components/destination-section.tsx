"use client";

import Link from "next/link";
import { ChoiceCards } from "@/app/_ui/choice-cards";
import { Field, Input, Select } from "@/app/_ui/field";
import { useList } from "@/app/(console)/_components/use-list";
import type { DestinationView } from "@/lib/contracts/destination-body";
import { FormSection } from "./form-section";
import type { SectionProps } from "./task-draft";
import { TimeZoneList, timeZoneListId } from "./time-zone-list";

const variables = ["$yyyy", "$MM", "$dd", "$HH", "$mm"] as const;
const folderTimes = [
  { value: "write", label: "Write time", hint: "When the row was written to the table." },
  { value: "event", label: "Event time", hint: "A column of the row says when." },
] as const;
const formats = ["RFC3339", "RFC1123", "RFC850", "RFC822", "Unix"] as const;

export function DestinationSection({ draft, change, errorsOf, warningsOf }: SectionProps) {
  const destinations = useList<DestinationView>("/destinations", { limit: 500 });
  const chosen = destinations.items?.find(({ id }) => id === draft.destinationId);
  return (
    <FormSection
      title="Destination"
      description="The bucket and the folder that the objects go to."
    >
      <div className="grid gap-5 sm:grid-cols-2">
        <Field
          label="Destination bucket"
          errors={errorsOf("destinationId")}
          hint={destinations.items?.length === 0 ? <NoDestination /> : undefined}
        >
          <Select
            value={draft.destinationId}
            onChange={(event) => change({ destinationId: event.target.value })}
          >
            <option value="">Choose a destination</option>
            {destinations.items?.map((destination) => (
              <option key={destination.id} value={destination.id}>
                {destination.bucket} ({destination.name})
              </option>
            ))}
          </Select>
        </Field>
        <Field
          label="Destination region"
          hint="Of the destination; source and bucket should lie in the same region."
        >
          <Input value={chosen?.region ?? ""} readOnly placeholder="–" />
        </Field>
      </div>
      <Field
        label="Destination prefix"
        errors={errorsOf("prefix")}
        warnings={warningsOf("prefix")}
        hint={
          <>
            Without a leading slash. Time variables:{" "}
            {variables.map((variable) => (
              <button
                key={variable}
                type="button"
                onClick={() => change({ prefix: draft.prefix + variable })}
                aria-label={`Append ${variable}`}
                className="mr-1 rounded border border-line-strong px-1.5 py-0.5 font-mono text-xs hover:bg-sunken"
              >
                {variable}
              </button>
            ))}
          </>
        }
      >
        <Input
          mono
          value={draft.prefix}
          onChange={(event) => change({ prefix: event.target.value })}
          placeholder="orders/year=$yyyy/month=$MM/day=$dd"
          autoComplete="off"
          spellCheck={false}
        />
      </Field>
      {draft.prefix.includes("$") && (
        <>
          <ChoiceCards
            legend="Time in the prefix"
            name="folder-time"
            value={draft.folderTime}
            choices={folderTimes}
            onChange={(folderTime) => change({ folderTime })}
          />
          <div className="grid gap-5 sm:grid-cols-3">
            {draft.folderTime === "event" && (
              <>
                <Field
                  label="Event-time column"
                  errors={errorsOf("eventTime.column")}
                  warnings={warningsOf("eventTime.column")}
                >
                  <Input
                    mono
                    value={draft.eventColumn}
                    onChange={(event) => change({ eventColumn: event.target.value })}
                  />
                </Field>
                <Field label="Its format" errors={errorsOf("eventTime.format")}>
                  <Select
                    value={draft.eventFormat}
                    onChange={(event) =>
                      change({ eventFormat: event.target.value as typeof draft.eventFormat })
                    }
                  >
                    {formats.map((format) => (
                      <option key={format}>{format}</option>
                    ))}
                  </Select>
                </Field>
              </>
            )}
            <Field label="Time zone" errors={errorsOf("timeZone")}>
              <Input
                list={timeZoneListId}
                value={draft.timeZone}
                onChange={(event) => change({ timeZone: event.target.value })}
                autoComplete="off"
              />
            </Field>
          </div>
          <TimeZoneList />
        </>
      )}
    </FormSection>
  );
}

function NoDestination() {
  return (
    <>
      There is no destination yet.{" "}
      <Link className="underline" href="/destinations">
        Add one
      </Link>
      .
    </>
  );
}
